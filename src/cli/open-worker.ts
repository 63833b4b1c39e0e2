import type { ServerConfig } from '../config/config.ts';
import type { Logger } from '../log.ts';
import { registerModels } from '../models/register-model.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { openWorkerDatabase } from './databases.ts';
import { openEmbedders } from './embedders.ts';
import type { Metrics } from './open-metrics.ts';
import { createWorkerDeps } from './worker-deps.ts';

/**
 * Opens what a worker on a server works with, as the worker's login. Close its database afterwards.
 * @throws {StartupError} when anything is not as it must be.
 */
export async function openWorker(config: ServerConfig, log: Logger, metrics?: Metrics): Promise<WorkerDeps> {
  const { documents: embedder, next } = await openEmbedders(config, log, metrics?.embedding);
  const opened = await openWorkerDatabase(config, log);
  const database = metrics?.watch('worker', opened) ?? opened;
  try {
    const models = next ? [embedder.model, next.documents.model] : [embedder.model];
    const [modelId, otherId] = (await registerModels(database, models, 'worker')) as [number, number?];
    const other = next && otherId !== undefined ? { embedder: next.documents, modelId: otherId } : undefined;
    return createWorkerDeps(config, database, { modelId, embedder, other }, log);
  } catch (error) {
    await database.close();
    throw error;
  }
}
