import { join } from 'node:path';
import type { Config, EmbeddedConfig, ServerConfig } from '../config/config.ts';
import type { Secret } from '../config/secret.ts';
import { checkServer } from '../db/check-server.ts';
import type { Database } from '../db/database.ts';
import type { ServingRole } from '../db/login-faults.ts';
import { openEmbedded } from '../db/open-embedded.ts';
import { openPool } from '../db/open-pool.ts';
import type { Logger } from '../log.ts';
import { lockDataDir } from './data-dir-lock.ts';

/** A database to work with, and whoever wants to know where. */
export interface OpenedDatabase {
  readonly database: Database;
  /** Lets other processes that want the embedded database know where this one serves it; on a server nobody asks. */
  announce(url: string): Promise<void>;
}

/** Opens what the gateway works with: the embedded database, migrated, or a pool on a server that was checked. */
export async function openGatewayDatabase(config: Config, log: Logger): Promise<OpenedDatabase> {
  if (config.mode === 'embedded') return openLocked(config);
  const database = await openServer(config, config.database.url, 'tessera_operator', log);
  return { database, announce: async () => {} };
}

/** Lends the gateway's login for a moment, to a process that otherwise does without it. */
export async function withGatewayDatabase<Result>(
  config: ServerConfig,
  log: Logger,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const { database } = await openGatewayDatabase(config, log);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Where the embedded database keeps its files. */
export function embeddedFolder(config: EmbeddedConfig): string {
  return join(config.dataDir, 'database');
}

async function openLocked(config: EmbeddedConfig): Promise<OpenedDatabase> {
  const lock = await lockDataDir(config.dataDir);
  try {
    const { statementTimeoutMs } = config.database;
    const database = await openEmbedded({ dataDir: embeddedFolder(config), statementTimeoutMs });
    const close = async () => {
      await database.close();
      await lock.release();
    };
    return { database: { ...database, close }, announce: lock.announce };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Opens what the worker works with, as the worker's login. */
export function openWorkerDatabase(config: ServerConfig, log: Logger): Promise<Database> {
  return openServer(config, config.database.workerUrl, 'tessera_worker', log);
}

/** One connection each, which is not pipelined, for loads: of the gateway's login, for documents, and of the worker's, for vectors. */
export async function openLoadDatabases(
  config: ServerConfig,
  log: Logger,
): Promise<{ readonly documents: Database; readonly vectors: Database }> {
  const open = (url: Secret) =>
    openPool({
      url: url.reveal(),
      size: 1,
      statementTimeoutMs: loadTimeoutMs,
      pipeline: false,
      onIdleError: (error) => log.warn({ err: error }, 'an idle database connection failed and is replaced'),
    });
  const { url, workerUrl } = config.database;
  const documents = await checkedPool(await open(url), 'tessera_operator', log);
  try {
    return { documents, vectors: await checkedPool(await open(workerUrl), 'tessera_worker', log) };
  } catch (error) {
    await documents.close();
    throw error;
  }
}

/** A batch of a load takes longer than a request may. */
const loadTimeoutMs = 600_000;

async function openServer(config: ServerConfig, url: Secret, role: ServingRole, log: Logger): Promise<Database> {
  const { poolSize: size, poolShare: share, queueShare, statementTimeoutMs, prepare } = config.database;
  const opened = await openPool({
    url: url.reveal(),
    size,
    share,
    queueShare,
    statementTimeoutMs,
    prepare,
    onPreparedLost: () =>
      log.warn(
        'a pooler between here and PostgreSQL loses prepared statements, so none are kept from now on; set DATABASE_PREPARE=false',
      ),
    onIdleError: (error) => log.warn({ err: error }, 'an idle database connection failed and is replaced'),
  });
  return checkedPool(opened, role, log);
}

async function checkedPool(opened: Database, role: ServingRole, log: Logger): Promise<Database> {
  try {
    const { database, warnings } = await checkServer(opened, role);
    for (const warning of warnings) log.warn(warning);
    return database;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
