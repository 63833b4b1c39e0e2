import type { Database, Statement } from '../db/database.ts';
import type { OwnerConnection } from '../db/migrate.ts';
import { databaseError } from '../db/sqlstate.ts';
import { StartupError } from '../errors.ts';
import { builderStatement } from './index-statements.ts';

/** A connection of its own on which indexes are built and dropped, while it holds the lock that makes it the only one. */
export interface MaintenanceSession {
  /** Of its backend, by which another connection watches it and can cancel it. */
  readonly pid: number;
  /** Runs one statement outside a transaction, for as long as it takes. */
  run(statement: Statement<unknown>): Promise<void>;
  /** Sets something until the session ends. */
  set(name: BuildSetting, value: string | number): Promise<void>;
  /** False once the connection is lost. */
  isOpen(): Promise<boolean>;
}

export type BuildSetting =
  | 'maintenance_work_mem'
  | 'max_parallel_maintenance_workers'
  | 'min_parallel_table_scan_size'
  | 'statement_timeout';

type Client = OwnerConnection & { release(destroy: boolean): void };

/** Arbitrary, and the same for every version of Tessera; not the one of migrations. */
const advisoryLock = 7_357_362;

/**
 * Does something as the one process that maintains indexes. The lock is the session's and not a transaction's: `create
 * index concurrently` waits for every transaction that is older, and would wait for its own.
 * @param owner a pool of the schema's owner, with at least two connections, not behind a pooler that shares sessions.
 * @returns what the work returns; undefined when another process is at it.
 * @throws {StartupError} when the login does not own the table. {Refusal} `DATABASE_UNAVAILABLE`.
 */
export async function withMaintenance<Result>(
  owner: Database,
  work: (session: MaintenanceSession) => Promise<Result>,
): Promise<Result | undefined> {
  let client: Client;
  try {
    client = await owner.pool.connect();
  } catch (error) {
    throw databaseError(error);
  }
  try {
    const session = await openSession(client, owner.scopeDefaults.vectorSchema);
    const { rows } = await client.query<{ mine: boolean }>(`select pg_try_advisory_lock(${advisoryLock}) as mine`);
    if (!rows[0]?.mine) return undefined;
    try {
      return await work(session);
    } finally {
      // Before the connection is closed, for the server notices that a little later.
      await client.query(`select pg_advisory_unlock(${advisoryLock})`).catch(() => {});
    }
  } catch (error) {
    throw databaseError(error);
  } finally {
    // The connection is closed and not given back, which ends its settings and its lock whatever happened.
    client.release(true);
  }
}

async function openSession(client: Client, vectorSchema: string): Promise<MaintenanceSession> {
  await client.query(
    `set statement_timeout = 0; set lock_timeout = 0; set client_min_messages = error;
     set search_path = "${vectorSchema.replaceAll('"', '""')}", pg_temp`,
  );
  const { rows } = await client.query<{ mayBuild: boolean; pid: number; login: string }>(
    builderStatement().compile().sql,
  );
  const [builder] = rows;
  if (!builder?.mayBuild) {
    throw new StartupError(
      `The login ${builder?.login ?? ''} does not own the table of vectors, so it may not build indexes on it. Connect as the owner, with the URL that "tessera migrate" uses (MIGRATE_DATABASE_URL).`,
    );
  }
  return {
    pid: builder.pid,
    run: async (statement) => {
      await client.query(statement.compile().sql);
    },
    set: async (name, value) => {
      await client.query(`set ${name} = '${value}'`);
    },
    isOpen: () =>
      client.query('select').then(
        () => true,
        () => false,
      ),
  };
}
