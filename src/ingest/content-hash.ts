import { hash } from 'node:crypto';

/**
 * sha256 over texts, each with its length, so that no two lists of texts share their bytes. Two documents with equal
 * hashes have equal chunks.
 */
export function contentHash(...texts: readonly string[]): Buffer {
  return hash('sha256', texts.map((text) => `${text.length}:${text}`).join(''), 'buffer');
}
