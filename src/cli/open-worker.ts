import type { ServerConfig } from '../config/config.ts';
import type { Logger } from '../log.ts';
import { registerModel } from '../models/register-model.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { openWorkerDatabase } from './databases.ts';
import { openEmbedders } from './embedders.ts';
import type { Metrics } from './open-metrics.ts';

/**
 * Opens what a worker on a server works with, as the worker's login. Close its database afterwards.
 * @throws {StartupError} when anything is not as it must be.
 */
export async function openWorker(config: ServerConfig, log: Logger, metrics?: Metrics): Promise<WorkerDeps> {
  const { documents: embedder } = await openEmbedders(config, log, metrics?.embedding);
  const opened = await openWorkerDatabase(config, log);
  const database = metrics?.watch('worker', opened) ?? opened;
  try {
    const modelId = await registerModel(database, embedder.model, 'worker');
    return {
      database,
      embedder,
      modelId,
      auditRetentionDays: config.auditRetentionDays,
      concurrency: config.workerConcurrency,
      deletedHours: config.deletedDocumentHours,
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
