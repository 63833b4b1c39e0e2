import type { ChunkId } from '../ids.ts';

/**
 * What can be wrong between a tenant's chunks and their vectors:
 *
 * - `missing`: a chunk without a vector of one of the tenant's models, and without a job or a mark that says why
 * - `altered`: a chunk whose text is no longer the one that its hash, and so its vector, was made from
 * - `stray`: a vector of a chunk that is gone
 * - `misplaced`: a vector that names another document than its chunk does
 * - `foreign`: a vector of a model that is not the tenant's
 * - `malformed`: a vector that is not of unit length, has other components than its model, or a coarse part that is not its
 *   own first 256 components
 */
export const driftKinds = ['missing', 'altered', 'stray', 'misplaced', 'foreign', 'malformed'] as const;

export type DriftKind = (typeof driftKinds)[number];

/** One thing out of step. */
export interface Drift {
  readonly kind: DriftKind;
  readonly chunkId: ChunkId;
  /** Absent where every vector of the chunk is meant. */
  readonly modelId?: number;
  /** Since when, at the earliest: when the chunk or the vector was written. */
  readonly since: Date;
}
