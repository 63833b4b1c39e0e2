import { type Application, openApplication } from '../src/cli/application.ts';
import { openWorker } from '../src/cli/open-worker.ts';
import { runWorker } from '../src/cli/run-worker.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { createLogger } from '../src/log.ts';
import type { BenchDatabase } from './bench-server.ts';

/** A gateway without its port, and a worker that embeds what it stores, in this process and with the built-in embedder. */
export interface LiveGateway {
  readonly app: Application;
  close(): Promise<void>;
}

export async function openLiveGateway(database: BenchDatabase): Promise<LiveGateway> {
  const config = loadConfig({
    DATABASE_URL: database.gateway,
    WORKER_DATABASE_URL: database.worker,
    JWT_HS256_SECRET: 'the shared secret of the benchmark, which guards nothing',
    JWT_ISSUER: 'https://issuer.example',
    JWT_AUDIENCE: 'tessera-bench',
    DRIFT_CHECK_MINUTES: '0',
  });
  if (config.mode !== 'server') throw new Error('The benchmark needs a server.');
  const log = createLogger({ level: 'warn' });
  const app = await openApplication(config, log);
  const deps = await openWorker(config, log);
  const worker = runWorker(config, deps, { withOperator: (work) => work(app.deps.database), onReport: undefined }, log);
  return {
    app,
    close: async () => {
      await worker.stop();
      await deps.database.close();
      await app.close();
    },
  };
}
