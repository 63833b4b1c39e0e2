import type { Logger } from 'pino';
import { createBatchSize } from '../db/batch-size.ts';
import { clearAway } from './clear-away.ts';
import type { WorkerDeps } from './embed-batch.ts';
import { eraseTenants } from './erase-tenants.ts';
import { documentsPerBatch, purgeDocuments } from './purge-documents.ts';
import { purgeOldRows } from './purge-old-rows.ts';
import { purgeQuerySamples } from './purge-query-samples.ts';
import { purgeRevokedTokens } from './purge-revoked-tokens.ts';

/** Deleted documents may be restored for a week. */
const defaultDeletedHours = 168;
/** Kept queries are of use while a model is chosen. */
const defaultSampleDays = 30;
/** How often what has served its time is cleared away. */
const clearEveryMs = 600_000;

/**
 * Makes what takes away all that is to go: deleted tenants, documents that were deleted or have expired, and, now and then, rows
 * that have served their time. @returns what does it until nothing is left to do.
 */
export function createClearing(deps: WorkerDeps, log: Logger, signal: AbortSignal): () => Promise<void> {
  const { database, deletedHours = defaultDeletedHours, sampleDays = defaultSampleDays } = deps;
  const size = createBatchSize(documentsPerBatch);
  let clearedAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    await eraseTenants(database, signal, (step) =>
      log[step.state === 'done' ? 'info' : 'debug'](step, 'a deleted tenant is erased'),
    );
    while (!signal.aborted && (await purgeDocuments(database, deletedHours, size)));
    if (signal.aborted || performance.now() - clearedAtMs < clearEveryMs) return;
    await purgeRevokedTokens(database);
    await purgeOldRows(deps);
    await purgeQuerySamples(database, sampleDays);
    await clearAway(database);
    clearedAtMs = performance.now();
  };
}
