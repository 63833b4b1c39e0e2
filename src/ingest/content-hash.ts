import { createHash } from 'node:crypto';

/**
 * sha256 over texts, each with its length, so that no two lists of texts share their bytes. Two documents with equal
 * hashes have equal chunks.
 */
export function contentHash(...texts: readonly string[]): Buffer {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest();
}
