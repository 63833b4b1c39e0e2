import type { UpsertStatus } from '../../ingest/write.ts';
import type { Batch } from './batch.ts';

/** What became of a batch. */
export interface StoredBatch {
  readonly statuses: readonly UpsertStatus[];
  /** Documents that were found to be wrong only now, by position in the batch; only where they may be left out. */
  readonly faults: ReadonlyMap<number, string>;
  /** The one job of what is to be embedded, so far. */
  readonly jobId: string | undefined;
  /** Resolves when the batch's vectors are written too, to their number; the next batch may be stored meanwhile. */
  readonly whole: Promise<number>;
}

/**
 * Stores a batch in one transaction.
 * @param jobId that the batch becomes another part of.
 */
export type StoreBatch = (jobId: string | undefined) => Promise<StoredBatch>;

/** Readies a batch, while the one before is being stored. */
export type BatchStore = (batch: Batch) => StoreBatch;
