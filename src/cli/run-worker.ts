import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { followWork } from '../worker/follow-work.ts';
import { startWorker, type Worker } from '../worker/worker.ts';
import { type OpenDriftMonitorOptions, openDriftMonitor } from './open-drift-monitor.ts';

export interface RunningWorker extends Pick<Worker, 'wake'> {
  /** Ends it after the batch in hand, and what goes with it. */
  stop(): Promise<void>;
}

/** Starts a worker with what goes with one: it hears of new work where announcements are to be had, and looks for drift. */
export function runWorker(
  config: Config,
  deps: WorkerDeps,
  drift: Pick<OpenDriftMonitorOptions, 'withOperator' | 'onReport'>,
  log: Logger,
): RunningWorker {
  const worker = startWorker(deps, log);
  const listener =
    config.mode === 'server' ? followWork(deps.database, worker, log, config.database.workerUrl.reveal()) : undefined;
  const everyMinutes = config.driftCheckMinutes;
  const monitor = openDriftMonitor({ ...drift, database: deps.database, everyMinutes }, log);
  return {
    wake: () => worker.wake(),
    stop: async () => {
      await Promise.all([listener?.close(), worker.stop(), monitor?.stop()]);
    },
  };
}
