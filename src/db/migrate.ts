import { setTimeout as wait } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { StartupError } from '../errors.ts';
import type { Migration } from './migration-files.ts';
import { compareSchema, readApplied } from './schema-version.ts';

/** A connection as the owner of the schema. */
export type OwnerConnection = Pick<ClientBase, 'query'>;

export interface MigrateOptions {
  /** Report what would be applied and apply nothing. */
  readonly dryRun?: boolean;
  /** Called before each file is applied. */
  readonly onApply?: (migration: Migration) => void;
}

/** Arbitrary, and the same for every version of Tessera: twenty that start at once take turns. */
const advisoryLock = 7_357_361;
const lockPollMs = 100;
const oldestVector = [0, 8, 0];

/**
 * Brings the schema up to date, one file at a time, each in its own transaction together with the row that records it.
 * @returns the migrations that were applied (or, in a dry run, would have been).
 * @throws {StartupError} when an applied file was changed, the schema is newer than this program, or pgvector is older
 *   than 0.8.0; the message names the remedy. Nothing is applied then.
 */
export async function migrate(
  owner: OwnerConnection,
  migrations: readonly Migration[],
  options: MigrateOptions = {},
): Promise<Migration[]> {
  await takeTurn(owner);
  try {
    await refuseOldVector(owner);
    const pending = compareSchema(migrations, await readApplied(owner));
    if (options.dryRun) return pending;
    for (const migration of pending) {
      options.onApply?.(migration);
      await apply(owner, migration);
    }
    return pending;
  } finally {
    await owner.query(`select pg_advisory_unlock(${advisoryLock})`);
  }
}

/**
 * Asks for the lock again and again instead of waiting for it in a statement: `create index concurrently` waits for every
 * statement that is under way, so one that waits for the lock and the one that holds it would wait for each other.
 */
async function takeTurn(owner: OwnerConnection): Promise<void> {
  for (;;) {
    const { rows } = await owner.query<{ mine: boolean }>(`select pg_try_advisory_lock(${advisoryLock}) as mine`);
    if (rows[0]?.mine) return;
    await wait(lockPollMs);
  }
}

async function apply(owner: OwnerConnection, migration: Migration): Promise<void> {
  // The first file creates the schema, so the table of migrations is there once it has run.
  const record = `${migration.version === 1 ? historyTable : ''}
    insert into tessera.schema_migrations (version, name, sha256)
    values (${migration.version}, '${migration.name}', '${migration.sha256}')`;
  try {
    if (migration.transactional) {
      await owner.query(`begin; ${await searchPath(owner, 'local')}; ${migration.sql}\n; ${record}; commit`);
    } else {
      await owner.query(await searchPath(owner, 'session'));
      for (const statement of migration.sql.split(/;\s*$/m)) if (statement.trim()) await owner.query(statement);
      await owner.query(record);
    }
  } catch (error) {
    await owner.query('rollback');
    const reason = error instanceof Error ? error.message : String(error);
    const state = migration.transactional
      ? 'was rolled back'
      : 'may be half done, for it runs without a transaction (a concurrent build leaves an invalid index, to be dropped by hand)';
    throw new StartupError(`Migration ${migration.name} failed and ${state}: ${reason}`, { cause: error });
  }
}

const historyTable = `
  create table tessera.schema_migrations (
    version integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now()
  );
  alter table tessera.schema_migrations enable row level security;
  alter table tessera.schema_migrations force row level security;
  create policy everyone_reads on tessera.schema_migrations for select using (true);
  create policy owner_inserts on tessera.schema_migrations for insert to current_user with check (true);
  grant select on tessera.schema_migrations to tessera_tenant, tessera_worker, tessera_operator;`;

/** Files name Tessera's tables in full; pgvector's types are found in whatever schema it was installed. */
async function searchPath(owner: OwnerConnection, reach: 'local' | 'session'): Promise<string> {
  const { rows } = await owner.query<{ schema: string }>(
    "select quote_ident(nspname) as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'vector'",
  );
  return `set ${reach} search_path = ${rows[0]?.schema ?? 'public'}, pg_temp`;
}

async function refuseOldVector(owner: OwnerConnection): Promise<void> {
  const { rows } = await owner.query<{ version: string | null; installed: boolean }>(`
    select coalesce(installed_version, default_version) as version, installed_version is not null as installed
    from pg_available_extensions where name = 'vector'`);
  const [found] = rows;
  if (!found?.version) {
    throw new StartupError(
      'This PostgreSQL server has no pgvector. Install it (Debian: the package postgresql-NN-pgvector) and migrate again.',
    );
  }
  if (!isAtLeast(found.version, oldestVector)) {
    const remedy = found.installed
      ? 'Install pgvector 0.8.4 or newer on the server, run "alter extension vector update" as a superuser, and migrate again.'
      : 'Install pgvector 0.8.4 or newer on the server and migrate again.';
    throw new StartupError(`pgvector ${found.version} is too old: 0.8.0 is the first with iterative scans. ${remedy}`);
  }
}

/** True when a dotted version is at least the given one. */
export function isAtLeast(version: string, oldest: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of oldest.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
