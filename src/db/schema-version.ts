import type { ClientBase } from 'pg';
import { StartupError } from '../errors.ts';
import type { Migration } from './migration-files.ts';

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly sha256: string;
  readonly applied_at: Date;
}

/** What was applied to a database, in order; empty where the schema was never created. */
export async function readApplied(connection: Pick<ClientBase, 'query'>): Promise<AppliedMigration[]> {
  const { rows } = await connection.query<{ there: boolean }>(
    `select to_regclass('tessera.schema_migrations') is not null as there`,
  );
  if (!rows[0]?.there) return [];
  const applied = await connection.query<AppliedMigration>(
    'select version, name, sha256, applied_at from tessera.schema_migrations order by version',
  );
  return applied.rows;
}

/**
 * The migrations that a database still lacks.
 * @throws {StartupError} when an applied file was changed since, or the database has been migrated by a newer Tessera.
 */
export function compareSchema(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  for (const done of applied) {
    const known = migrations[done.version - 1];
    if (!known) {
      throw new StartupError(
        `The database has migration ${done.name}, which this Tessera does not know: it was migrated by a newer version. ` +
          'Run that version or a newer one; schemas are never taken back.',
      );
    }
    if (known.sha256 !== done.sha256) {
      throw new StartupError(
        `Migration ${known.name} was changed after it was applied to this database. ` +
          'Restore the file as it was released and put the change into a new migration.',
      );
    }
  }
  return migrations.slice(applied.length);
}

/**
 * Refuses to serve a schema that is not exactly this program's.
 * @throws {StartupError} that says what to run.
 */
export function requireCurrentSchema(migrations: readonly Migration[], applied: readonly AppliedMigration[]): void {
  const pending = compareSchema(migrations, applied);
  if (pending.length === 0) return;
  const state =
    applied.length === 0 ? 'was never migrated' : `lacks ${pending.length} of ${migrations.length} migrations`;
  throw new StartupError(
    `The database ${state}. Run "tessera migrate" with MIGRATE_DATABASE_URL set to its owner, then start again.`,
  );
}
