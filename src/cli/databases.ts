import { join } from 'node:path';
import type { Config, ServerConfig } from '../config/config.ts';
import type { Secret } from '../config/secret.ts';
import { checkServer } from '../db/check-server.ts';
import type { Database } from '../db/database.ts';
import { openEmbedded } from '../db/open-embedded.ts';
import { openPool } from '../db/open-pool.ts';
import type { ScopeRole } from '../db/scope.ts';
import type { Logger } from '../log.ts';
import { lockDataDir } from './data-dir-lock.ts';

/** Where the embedded database keeps its files, in the data folder. */
const embeddedFolder = 'database';

/** Opens what the gateway works with: the embedded database, migrated, or a pool on a server that was checked. */
export async function openGatewayDatabase(config: Config, log: Logger): Promise<Database> {
  if (config.mode === 'server') return openServer(config, config.database.url, 'tessera_operator', log);
  const lock = await lockDataDir(config.dataDir);
  const database = await openEmbedded({
    dataDir: join(config.dataDir, embeddedFolder),
    statementTimeoutMs: config.database.statementTimeoutMs,
  });
  return {
    ...database,
    close: async () => {
      await database.close();
      await lock.release();
    },
  };
}

/** Opens what the worker works with, as the worker's login. */
export function openWorkerDatabase(config: ServerConfig, log: Logger): Promise<Database> {
  return openServer(config, config.database.workerUrl, 'tessera_worker', log);
}

async function openServer(config: ServerConfig, url: Secret, role: ScopeRole, log: Logger): Promise<Database> {
  const { poolSize: size, statementTimeoutMs } = config.database;
  const opened = await openPool({
    url: url.reveal(),
    size,
    statementTimeoutMs,
    onIdleError: (error) => log.warn({ err: error }, 'an idle database connection failed and is replaced'),
  });
  try {
    const { database, warnings } = await checkServer(opened, role);
    for (const warning of warnings) log.warn(warning);
    return database;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
