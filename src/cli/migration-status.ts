import type { Migration } from '../db/migration-files.ts';
import type { AppliedMigration } from '../db/schema-version.ts';

/** A table of all migrations that this program or the database knows: number, name, and when it was applied. */
export function formatStatus(migrations: readonly Migration[], applied: readonly AppliedMigration[]): string {
  const history = new Map(applied.map((done) => [done.version, done]));
  const newer = applied.filter(({ version }) => version > migrations.length);
  const rows = [...migrations, ...newer].map((migration) => {
    const { version, name, sha256 } = migration;
    return [String(version), name, describe(sha256, history.get(version), version > migrations.length)] as const;
  });
  const width = Math.max(...rows.map(([, name]) => name.length));
  return rows.map(([version, name, state]) => `${version.padStart(4)}  ${name.padEnd(width)}  ${state}`).join('\n');
}

function describe(sha256: string, done: AppliedMigration | undefined, unknown: boolean): string {
  if (!done) return 'pending';
  const when = `applied ${done.applied_at.toISOString().replace(/\.\d+Z$/, 'Z')}`;
  if (unknown) return `${when}, by a newer Tessera`;
  return done.sha256 === sha256 ? when : `${when}, and the file was changed afterwards`;
}
