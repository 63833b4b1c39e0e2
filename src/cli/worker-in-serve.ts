import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../log.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { openWorkerDatabase } from './databases.ts';
import type { Metrics } from './open-metrics.ts';
import { type RunningWorker, runWorker } from './run-worker.ts';
import { createWorkerDeps, type WorkerModels } from './worker-deps.ts';

/** A worker inside a gateway's process. */
export interface WorkerInServe extends Pick<RunningWorker, 'wake'> {
  readonly deps: WorkerDeps;
  /** Ends it, then its connections. */
  close(): Promise<void>;
}

/**
 * Starts it. The embedded database has one connection, which everything shares; on a server the worker has its own login.
 * @param served the gateway's.
 */
export async function openWorkerInServe(
  config: Config,
  served: Database,
  models: WorkerModels,
  log: Logger,
  metrics: Metrics | undefined,
): Promise<WorkerInServe> {
  const own = config.mode === 'server' ? await openWorkerDatabase(config, log) : undefined;
  const database = own ? (metrics?.watch('worker', own) ?? own) : served;
  const counted = metrics?.openWorker(database);
  const deps = {
    ...createWorkerDeps(config, database, models, log),
    ...(counted && { onWritten: counted.onWritten }),
  };
  const drift = {
    withOperator: <Result>(work: (database: Database) => Promise<Result>) => work(served),
    onReport: counted?.onDrift,
  };
  const worker = runWorker(config, deps, drift, log);
  return {
    deps,
    wake: worker.wake,
    close: async () => {
      await worker.stop();
      await own?.close();
    },
  };
}
