import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Embedder } from '../embed/embedder.ts';
import { divideAnew } from '../ingest/divide-anew.ts';
import { applySourceChanges } from '../ingest/sources/apply-changes.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';

/** Models that a worker embeds with: the tenants', and the one that they move to. */
export interface WorkerModels {
  readonly modelId: number;
  readonly embedder: Embedder;
  readonly other: WorkerDeps['other'];
}

/** What a worker works with, in a process of its own or inside a gateway's. @param database connected as its login. */
export function createWorkerDeps(config: Config, database: Database, models: WorkerModels): WorkerDeps {
  const { modelId, embedder, other } = models;
  const ingest = { database, chunking: { countTokens: embedder.countTokens, ...config.chunk } };
  return {
    database,
    embedder,
    modelId,
    other,
    auditRetentionDays: config.auditRetentionDays,
    concurrency: config.workerConcurrency,
    deletedHours: config.deletedDocumentHours,
    divideAnew: (tenantId, jobId, ids) => divideAnew(ingest, tenantId, jobId, ids),
    // Nobody attaches a table to the embedded database.
    ...(config.mode === 'server' && {
      applyChanges: (signal?: AbortSignal) => applySourceChanges({ ...ingest, modelId }, signal),
    }),
  };
}
