import { setTimeout as wait } from 'node:timers/promises';
import type { OwnerConnection } from '../../db/migrate.ts';
import { quoteIdentifier } from '../../db/quote.ts';
import { sourceLock } from './change-statements.ts';
import { SourceError } from './source.ts';

/** Rows of one step, and so what one that is stopped does again. */
const rowsPerStep = 500;
/** With more of them waiting, the next step waits: a table of any size takes this much room in the outbox. */
const mostWaiting = 5_000;
const pauseMs = 200;

interface StoredSource {
  readonly table: string;
  readonly page_columns: readonly string[];
  readonly backfilled_to: readonly string[] | null;
  readonly types: readonly string[];
  readonly is_hidden: boolean | null;
}

export interface BackfillOptions {
  /** What becomes of each row: `delete` takes the documents of a table away that is no longer followed. */
  readonly change: 'upsert' | 'delete';
  readonly signal?: AbortSignal | undefined;
  /** Called after each commit with the number of rows so far. */
  readonly onStep?: (rows: number) => void;
}

/**
 * Puts every row of an attached table into the outbox, in the order of a unique key and in steps that each commit with how far they
 * came: one that is stopped is gone on with. Rows wait for nothing, and what an application changes meanwhile wins over what is
 * read here: no worker writes changes of the table during a step, so a change that the step did not see is still there when its
 * rows are, and these are older than any change.
 * @returns the number of rows of this run.
 * @throws {SourceError} when no such table is attached.
 */
export async function backfill(owner: OwnerConnection, name: string, options: BackfillOptions): Promise<number> {
  let rows = 0;
  let last: readonly string[] | null | undefined = options.change === 'delete' ? null : undefined;
  for (;;) {
    if (options.signal?.aborted) return rows;
    if (await isFull(owner, name)) {
      await wait(pauseMs);
      continue;
    }
    const step = await inTransaction(owner, () => backfillStep(owner, name, options.change, last));
    rows += step.rows;
    if (options.change === 'delete') last = step.last;
    options.onStep?.(rows);
    if (step.rows < rowsPerStep) return rows;
  }
}

async function isFull(owner: OwnerConnection, name: string): Promise<boolean> {
  const { rows } = await owner.query<{ waiting: number }>(
    `select count(*)::integer as waiting from (
       select from tessera.source_changes where source = $1 and dead_at is null limit $2) c`,
    [name, mostWaiting],
  );
  return rows[0]?.waiting === mostWaiting;
}

async function backfillStep(
  owner: OwnerConnection,
  name: string,
  change: BackfillOptions['change'],
  from: readonly string[] | null | undefined,
) {
  await owner.query('set local search_path = pg_catalog, pg_temp');
  await owner.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [sourceLock(name)]);
  const source = await readSource(owner, name);
  const after = from === undefined ? source.backfilled_to : from;
  const columns = source.page_columns.map((column) => `t.${quoteIdentifier(column)}`);
  const texts = columns.map((column) => `${column}::text`).join(', ');
  const bounds = source.types.map((type, index) => `($2::text[])[${index + 1}]::${type}`).join(', ');
  const page = `(select t.* from ${source.table} t where $2::text[] is null or (${columns.join(', ')}) > (${bounds})
    order by ${columns.join(', ')} limit ${rowsPerStep})`;
  const { rows: texted } = await owner.query<{ query: string }>(
    `select tessera.source_rows(s, 'page') as query from tessera.sources s where s.name = $1`,
    [name],
  );
  // The page is read once, so that its last key is that of the rows that were noted.
  const { rows } = await owner.query<{ rows: number; last: readonly string[] | null }>(
    `with page as materialized ${page},
       noted as (select count(tessera.note_source_row(s, $3, case $3 when 'upsert' then 0 end, r.tenant, r.key, r.snapshot))
         from (${texted[0]?.query}) r, tessera.sources s where s.name = $1)
     select (select count(*) from page)::integer as rows, (select count from noted) as noted,
       (select array[${texts}] from page t order by ${columns.map((column) => `${column} desc`).join(', ')} limit 1) as last`,
    [name, after, change],
  );
  const step = { rows: rows[0]?.rows ?? 0, last: rows[0]?.last ?? after };
  if (change === 'upsert') {
    await owner.query(
      `update tessera.sources set backfilled_to = $2, backfilled = backfilled + $3,
         backfilled_at = case when $3 < $4 then now() end where name = $1`,
      [name, step.last, step.rows, rowsPerStep],
    );
  }
  await owner.query(`select pg_notify('tessera_work', '')`);
  return step;
}

async function readSource(owner: OwnerConnection, name: string): Promise<StoredSource> {
  const { rows } = await owner.query<StoredSource>(
    `select format('%I.%I', s.table_schema, s.table_name) as table, s.page_columns, s.backfilled_to,
       array(select format_type(a.atttypid, a.atttypmod) from unnest(s.page_columns) with ordinality c (name, n)
         join pg_attribute a on a.attrelid = to_regclass(format('%I.%I', s.table_schema, s.table_name)) and a.attname = c.name
         order by c.n) as types,
       row_security_active(to_regclass(format('%I.%I', s.table_schema, s.table_name))) as is_hidden
     from tessera.sources s where s.name = $1`,
    [name],
  );
  const [source] = rows;
  if (!source) throw new SourceError(`${name} is not attached; "tessera attach --list" shows what is.`);
  if (source.types.length === 0) throw new SourceError(`There is no table ${source.table} any more.`);
  if (source.is_hidden)
    throw new SourceError(
      `${source.table} has row-level security that hides rows from this login; use one that sees all.`,
    );
  return source;
}

/** Does something on one connection, all of it or nothing. */
export async function inTransaction<Result>(owner: OwnerConnection, work: () => Promise<Result>): Promise<Result> {
  await owner.query('begin');
  try {
    const result = await work();
    await owner.query('commit');
    return result;
  } catch (error) {
    await owner.query('rollback').catch(() => {});
    throw error;
  }
}
