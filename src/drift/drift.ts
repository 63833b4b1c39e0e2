import type { ChunkId, DocumentId } from '../ids.ts';

/**
 * What can be wrong between a tenant's documents, their chunks and the vectors of those. Of a document:
 *
 * - `undivided`: it has text and no chunk
 * - `outdated`: its chunks are not of what it says now: one reads otherwise than the text at its place, is of another title or
 *   language, or words of the text are in none
 * - `mishashed`: its chunks are of its text, and the hash that it is known by is of another
 *
 * Of a chunk:
 *
 * - `missing`: it has no vector of one of the tenant's models, and no job or mark that says why
 * - `altered`: its text is no longer the one that its hash, and so its vector, was made from
 * - `leftover`: its document is gone, or was deleted
 *
 * Of a vector:
 *
 * - `stray`: its chunk is gone
 * - `misplaced`: it names another document than its chunk does
 * - `foreign`: its model is not the tenant's
 * - `malformed`: it is not of unit length, has other components than its model, or a coarse part that is not its own first 256
 *   components
 */
export const driftKinds = [
  'undivided',
  'outdated',
  'mishashed',
  'missing',
  'altered',
  'leftover',
  'stray',
  'misplaced',
  'foreign',
  'malformed',
] as const;

export type DriftKind = (typeof driftKinds)[number];

export type DocumentDriftKind = 'undivided' | 'outdated' | 'mishashed';
export type ChunkDriftKind = 'missing' | 'altered' | 'leftover';
export type VectorDriftKind = Exclude<DriftKind, DocumentDriftKind | ChunkDriftKind>;

/** One thing out of step. */
export type Drift = (
  | { readonly kind: DocumentDriftKind; readonly documentId: DocumentId }
  | { readonly kind: ChunkDriftKind; readonly chunkId: ChunkId; readonly documentId: DocumentId }
  | { readonly kind: VectorDriftKind; readonly chunkId: ChunkId; readonly modelId: number }
) & {
  /** Since when, at the earliest: when the document, the chunk or the vector was written. */
  readonly since: Date;
};
