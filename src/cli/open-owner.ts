import type { Config, ServerConfig } from '../config/config.ts';
import { checkServer } from '../db/check-server.ts';
import type { Database } from '../db/database.ts';
import { openPool } from '../db/open-pool.ts';
import { StartupError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** One builds, one watches it, one takes notes. */
const connections = 3;
/** Counting every vector of a large database takes longer than a request may. */
const statementTimeoutMs = 300_000;

/** True where indexes can be built: on a server, with the owner's connection at hand. */
export function hasOwner(config: Config): config is ServerConfig {
  return config.mode === 'server' && config.database.migrateUrl !== undefined;
}

/**
 * Opens a pool of the schema's owner, who builds indexes.
 * @param purpose what needs it, for the message.
 * @throws {StartupError} when there is no owner's connection, or the server is not as it must be.
 */
export async function openOwner(config: Config, log: Logger, purpose: string): Promise<Database> {
  if (config.mode === 'embedded') {
    throw new StartupError(
      `There is no DATABASE_URL, and ${purpose} needs a PostgreSQL server: the embedded database reads every tenant from its covering index.`,
    );
  }
  const { migrateUrl } = config.database;
  if (!migrateUrl) {
    throw new StartupError(
      `MIGRATE_DATABASE_URL: not set; ${purpose} needs the connection URL of the owner of the schema (see .env.example)`,
      { exitCode: 78 },
    );
  }
  const opened = await openPool({
    url: migrateUrl.reveal(),
    size: connections,
    statementTimeoutMs,
    onIdleError: (error) => log.warn({ err: error }, 'an idle database connection failed and is replaced'),
  });
  try {
    return (await checkServer(opened, 'tessera_operator', 'owner')).database;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
