import { estimateTokens } from './estimate-tokens.ts';
import { findKnownModel } from './known-models.ts';

/** How many tokens a model makes of a text. */
export type TokenCounter = (text: string) => number;

/**
 * Letters, signs or white space in one piece, longer than any word. A byte-pair tokeniser takes such a piece whole and needs time by
 * the square of its length: 0.2 s for 16,000 letters, ten minutes for a million.
 */
const longRun = /\p{L}{513,}|[^\s\p{L}\p{N}]{513,}|\s{513,}/u;
const sliceUnits = 512;

/**
 * The counter of a model's own tokens where its vocabulary is published and at hand, which is loaded then (0.2 s, 60 MB); an estimate
 * for any other.
 */
export async function openTokenCounter(model: string): Promise<TokenCounter> {
  if (findKnownModel(model)?.vocabulary !== 'cl100k_base') return estimateTokens;
  const { countTokens } = await import('gpt-tokenizer/encoding/cl100k_base');
  // A text may say `<|endoftext|>` and mean nothing by it.
  const asText = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
  return (text) => {
    if (!longRun.test(text)) return countTokens(text, asText);
    let tokens = 0;
    for (let start = 0; start < text.length; start += sliceUnits)
      tokens += countTokens(text.slice(start, start + sliceUnits), asText);
    return tokens;
  };
}
