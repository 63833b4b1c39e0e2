import type { DocumentDriftKind } from './drift.ts';

/** What a document says. */
export interface DocumentText {
  readonly title: string;
  readonly body: string;
  readonly language: string;
}

/** A chunk as it is stored, in the order of json: ordinal, start, end (UTF-16 units), language, context, hash (hexadecimal). */
export type StoredChunk = readonly [
  ordinal: number,
  start: number,
  end: number,
  language: string,
  context: string,
  contentHash: string,
];

/** The hash of what is embedded of a chunk, as ingest computes it. */
export type HashChunk = (context: string, text: string) => Buffer;

/**
 * What is wrong with the chunks of a document. It asks for what every way of dividing a text keeps to, and not for what one of them
 * would make of it: a document that was divided as its collection was defined then, by a model's tokens of then, is in step.
 * @param chunks in the order of their ordinals.
 * @returns nothing where every chunk is what the document says at its place, and no word of it is in none.
 */
export function findDocumentDrift(
  document: DocumentText,
  chunks: readonly StoredChunk[],
  hashOf: HashChunk,
): Exclude<DocumentDriftKind, 'mishashed'> | undefined {
  const { body } = document;
  if (chunks.length === 0) return hasWords(body) ? 'undivided' : undefined;
  let covered = 0;
  for (const [index, chunk] of chunks.entries()) {
    const [ordinal, start, end] = chunk;
    if (ordinal !== index || !isOf(document, chunk, hashOf)) return 'outdated';
    if (start > covered && hasWords(body.slice(covered, start))) return 'outdated';
    covered = Math.max(covered, end);
  }
  return hasWords(body.slice(covered)) ? 'outdated' : undefined;
}

/** The hash is compared and not the text: that a chunk's text is the one of its hash is looked for chunk by chunk. */
function isOf(
  { title, body, language }: DocumentText,
  [, start, end, ownLanguage, context, contentHash]: StoredChunk,
  hashOf: HashChunk,
): boolean {
  if (start >= end || end > body.length || ownLanguage !== language) return false;
  // Its collection says whether title and headings are embedded with the text, and may have said otherwise before.
  if (context !== '' && context !== title && !context.startsWith(`${title} > `)) return false;
  return hashOf(context, body.slice(start, end)).toString('hex') === contentHash;
}

/** White space is what chunks leave out between them. */
function hasWords(text: string): boolean {
  return /\S/.test(text);
}
