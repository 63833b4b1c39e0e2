import { quoteIdentifier, quoteLiteral } from '../../db/quote.ts';
import type { Source } from './source.ts';

const verbs = ['insert', 'update', 'delete', 'truncate'] as const;
const rowsOf = {
  insert: 'referencing new table as new_rows ',
  update: 'referencing old table as old_rows new table as new_rows ',
  delete: 'referencing old table as old_rows ',
  truncate: '',
} as const;

/** Waiting for a table's writers longer than this would have everybody else wait behind. */
export const lockTimeoutStatement = `set local lock_timeout = '5s'`;

/**
 * The statements that attach a table, for one transaction. Triggers may be there already, of a tenant that was erased. A partition has triggers of its own, for whoever writes to it by its name; only
 * of the whole table is it known that it is empty.
 */
export function attachStatements(source: Source): string[] {
  const triggers = [source.name, ...source.partitions].flatMap((table) =>
    verbs
      .filter((verb) => verb !== 'truncate' || table === source.name)
      .map(
        (verb) =>
          `create or replace trigger ${quoteIdentifier(`tessera_${verb}`)} after ${verb} on ${table} ${rowsOf[verb]}for each statement execute function tessera.note_source_change(${quoteLiteral(source.name)})`,
      ),
  );
  return [lockTimeoutStatement, insertSource(source), ...triggers];
}

function insertSource(source: Source): string {
  const values: Readonly<Record<string, string>> = {
    name: quoteLiteral(source.name),
    table_schema: quoteLiteral(source.tableSchema),
    table_name: quoteLiteral(source.tableName),
    tenant: orNull(source.tenant),
    tenant_column: orNull(source.tenantColumn),
    collection: quoteLiteral(source.collection),
    key_columns: textArray(source.key),
    title_column: orNull(source.title),
    text_columns: textArray(source.text),
    metadata_columns: textArray(source.metadata),
    url_column: orNull(source.url),
    language: orNull(source.language),
    page_columns: textArray(source.pageColumns),
  };
  return `insert into tessera.sources (${Object.keys(values).join(', ')}) values (${Object.values(values).join(', ')})`;
}

/** The statements that detach a table, for one transaction. What waits is still written; what failed is forgotten. */
export function detachStatements(name: string, tables: readonly { table: string; trigger: string }[]): string[] {
  const literal = quoteLiteral(name);
  return [
    lockTimeoutStatement,
    ...tables.map(({ table, trigger }) => `drop trigger ${quoteIdentifier(trigger)} on ${table}`),
    `delete from tessera.source_changes where source = ${literal} and dead_at is not null`,
    `delete from tessera.source_faults where source = ${literal}`,
    `delete from tessera.sources where name = ${literal}`,
  ];
}

function orNull(value: string | undefined): string {
  return value === undefined ? 'null' : quoteLiteral(value);
}

function textArray(values: readonly string[]): string {
  return `array[${values.map(quoteLiteral).join(', ')}]::text[]`;
}
