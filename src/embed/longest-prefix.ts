import type { EmbedPurpose } from './embedder.ts';

/** Tokens that a model's prefixes take of what it reads, at most; 0 without any. */
export function longestPrefix(
  prefixes: Readonly<Record<EmbedPurpose, string>>,
  countTokens: (text: string) => number,
): number {
  return Math.max(...Object.values(prefixes).map((prefix) => (prefix === '' ? 0 : countTokens(prefix))));
}
