import type { UpsertStatus } from '../../ingest/write.ts';
import type { Batch } from './batch.ts';

/** What became of a batch. */
export interface StoredBatch {
  readonly statuses: readonly UpsertStatus[];
  /** Documents that were found to be wrong only now, by position in the batch; only where they may be left out. */
  readonly faults: ReadonlyMap<number, string>;
  /** The one job of what is to be embedded, so far. */
  readonly jobId: string | undefined;
  /** Writes the vectors that came along, while the next batch may be stored. @returns how many. */
  writeVectors(): Promise<number>;
}

/**
 * Stores a batch in one transaction.
 * @param jobId that the batch becomes another part of.
 * @param onSent called when all of it is sent and there is nothing left to do but to wait, which is most of the time.
 */
export type StoreBatch = (jobId: string | undefined, onSent: () => void) => Promise<StoredBatch>;

/** Readies a batch, while the one before is being stored. */
export type BatchStore = (batch: Batch) => StoreBatch;
