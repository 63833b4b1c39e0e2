import type { OwnerConnection } from '../../db/migrate.ts';
import { backfill, inTransaction } from './backfill.ts';
import { inspectTable } from './inspect-table.ts';
import { type Mapping, type Source, SourceError } from './source.ts';
import { attachStatements, detachStatements } from './source-sql.ts';

/**
 * Attaches a table: from the commit on every change of it is noted. Rows that are there already are left to a backfill.
 * @throws {SourceError} for a table or a mapping that would not work, and for a table that is attached.
 */
export async function attachTable(owner: OwnerConnection, mapping: Mapping): Promise<Source> {
  const source = await inspectTable(owner, mapping);
  const { rows } = await owner.query('select from tessera.sources where name = $1', [source.name]);
  if (rows.length > 0) throw new SourceError(`${source.name} is attached already; detach it first.`);
  await inTransaction(owner, async () => {
    for (const statement of attachStatements(source)) await owner.query(statement);
  });
  return source;
}

/**
 * The statements that detach a table, wherever it has moved to.
 * @throws {SourceError} when no such table is attached.
 */
export async function detachPlan(owner: OwnerConnection, name: string): Promise<string[]> {
  const { rows: known } = await owner.query('select from tessera.sources where name = $1', [name]);
  const { rows } = await owner.query<{ table: string; trigger: string }>(
    `select format('%I.%I', n.nspname, c.relname) as table, t.tgname as trigger
     from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
     where t.tgfoid = 'tessera.note_source_change()'::regprocedure and t.tgargs = convert_to($1, 'UTF8') || '\\x00'::bytea
     order by 1, 2`,
    [name],
  );
  // Of a table that was a deleted tenant's the triggers alone are left.
  if (known.length === 0 && rows.length === 0)
    throw new SourceError(`${name} is not attached; "tessera attach --list" shows what is.`);
  return detachStatements(name, rows);
}

/**
 * Detaches a table. Its documents stay, unless they are to go: then every row that is there is put into the outbox as deleted, once
 * the triggers are gone.
 * @returns the number of documents that are to be deleted.
 */
export async function detachTable(
  owner: OwnerConnection,
  name: string,
  { deleteDocuments = false } = {},
): Promise<number> {
  const plan = await detachPlan(owner, name);
  const isTrigger = (statement: string) => statement.startsWith('drop trigger') || statement.startsWith('set local');
  await inTransaction(owner, async () => {
    for (const statement of plan.filter((each) => !deleteDocuments || isTrigger(each))) await owner.query(statement);
  });
  if (!deleteDocuments) return 0;
  const deleted = await backfill(owner, name, { change: 'delete' });
  await inTransaction(owner, async () => {
    for (const statement of plan.filter((each) => !isTrigger(each))) await owner.query(statement);
  });
  return deleted;
}
