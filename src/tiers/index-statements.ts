import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { IndexKind, IndexTarget } from './index-kind.ts';

/** PostgreSQL's own catalog, as far as it is read here. */
interface PostgresCatalog {
  pg_index: { indexrelid: number; indrelid: number; indisvalid: boolean };
  pg_class: { oid: number; relname: string; relowner: number; relnamespace: number };
  pg_namespace: { oid: number; nspname: string };
  pg_stat_progress_create_index: { pid: number; phase: string };
}

const db = sqlBuilder.withTables<{ [Name in keyof PostgresCatalog as `pg_catalog.${Name}`]: PostgresCatalog[Name] }>();

/** Every index of a kind that there is, finished or not. */
export function storedIndexesStatement({ table, namePattern }: Pick<IndexKind<IndexTarget>, 'table' | 'namePattern'>) {
  return db
    .selectFrom('pg_catalog.pg_index as i')
    .innerJoin('pg_catalog.pg_class as c', 'c.oid', 'i.indexrelid')
    .select([
      'c.relname as name',
      'i.indisvalid as valid',
      sql<number>`pg_relation_size(c.oid)::float8`.as('sizeBytes'),
    ])
    .where('i.indrelid', '=', sql<number>`${sql.lit<string>(`tessera.${table}`)}::regclass`)
    .where('c.relname', '~', namePattern)
    .orderBy('c.relname');
}

/**
 * How far a build is. Only the role that builds is shown more than that somebody does. A GIN index tells no tuples, but
 * how much of the table was read.
 * @param chunks that the index will hold.
 */
export function buildProgressStatement(pid: number, chunks: number) {
  const share = sql`coalesce(blocks_done::float8 / nullif(blocks_total, 0), 0)`;
  return db
    .selectFrom('pg_catalog.pg_stat_progress_create_index')
    .select([
      'phase',
      sql<number>`case when tuples_done > 0 then tuples_done::float8 else round(${share} * ${chunks}::int) end`.as(
        'chunksDone',
      ),
    ])
    .where('pid', '=', pid);
}

/** Drops an index, valid or not. To be run outside a transaction, by the owner of the table. */
export function dropIndexStatement(name: string): Statement<unknown> {
  return maintenanceStatement(sql`drop index concurrently if exists ${sql.ref(`tessera.${name}`)}`);
}

/** A statement without parameters, which those that build and analyse cannot have. */
export function maintenanceStatement(query: ReturnType<typeof sql>): Statement<unknown> {
  return { compile: () => query.compile(sqlBuilder) };
}

/** Whether the connection may build indexes on the vectors, and which backend it is. Anybody may ask. */
export function builderStatement() {
  return db
    .selectFrom('pg_catalog.pg_class as c')
    .innerJoin('pg_catalog.pg_namespace as n', 'n.oid', 'c.relnamespace')
    .select([
      sql<boolean>`pg_has_role(c.relowner, 'usage')`.as('mayBuild'),
      sql<number>`pg_backend_pid()`.as('pid'),
      sql<string>`current_user::text`.as('login'),
    ])
    .where('n.nspname', '=', sql.lit<string>('tessera'))
    .where('c.relname', '=', sql.lit<string>('embeddings'));
}
