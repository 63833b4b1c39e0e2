import type { Config } from '../config/config.ts';
import { createBatchSize } from '../db/batch-size.ts';
import type { Database } from '../db/database.ts';
import type { Embedder } from '../embed/embedder.ts';
import { divideAnew } from '../ingest/divide-anew.ts';
import { applySourceChanges, deletedPerBatch, type SourceDeps } from '../ingest/sources/apply-changes.ts';
import type { Logger } from '../log.ts';
import { createStorageCheck } from '../quotas/check-write.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { chunkingFor } from './embedders.ts';

/** Models that a worker embeds with: the tenants', and the one that they move to. */
export interface WorkerModels {
  readonly modelId: number;
  readonly embedder: Embedder;
  readonly other: WorkerDeps['other'];
}

/** What a worker works with, in a process of its own or inside a gateway's. @param database connected as its login. */
export function createWorkerDeps(config: Config, database: Database, models: WorkerModels, log: Logger): WorkerDeps {
  const { modelId, embedder, other } = models;
  const ingest = { database, chunking: chunkingFor(embedder, other?.embedder, config.chunk) };
  const checkStored = createStorageCheck(config.limits);
  const sources: SourceDeps = {
    ...{ ...ingest, modelId, emptying: createBatchSize(deletedPerBatch) },
    checkWrite: checkStored,
    onFault: (error, of) =>
      log.error({ ...of, err: error }, 'changes of an attached table could not be written; they are tried again'),
  };
  return {
    database,
    embedder,
    modelId,
    other: other && { ...other, concurrency: config.nextWorkerConcurrency },
    auditRetentionDays: config.auditRetentionDays,
    sampleDays: config.sampleQueries.days,
    concurrency: config.workerConcurrency,
    deletedHours: config.deletedDocumentHours,
    divideAnew: (tenantId, jobId, ids) => divideAnew({ ...ingest, checkStored }, tenantId, jobId, ids),
    // Nobody attaches a table to the embedded database.
    ...(config.mode === 'server' && {
      applyChanges: (signal?: AbortSignal) => applySourceChanges(sources, signal),
    }),
  };
}
