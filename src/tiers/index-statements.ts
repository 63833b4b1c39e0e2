import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { graphIndexPattern } from './graph-index.ts';

/** PostgreSQL's own catalog, as far as it is read here. */
interface PostgresCatalog {
  pg_index: { indexrelid: number; indrelid: number; indisvalid: boolean };
  pg_class: { oid: number; relname: string; relowner: number; relnamespace: number };
  pg_namespace: { oid: number; nspname: string };
  pg_stat_progress_create_index: { pid: number; phase: string };
}

const db = sqlBuilder.withTables<{ [Name in keyof PostgresCatalog as `pg_catalog.${Name}`]: PostgresCatalog[Name] }>();

/** Every graph there is, finished or not. */
export function graphIndexesStatement() {
  return db
    .selectFrom('pg_catalog.pg_index as i')
    .innerJoin('pg_catalog.pg_class as c', 'c.oid', 'i.indexrelid')
    .select([
      'c.relname as name',
      'i.indisvalid as valid',
      sql<number>`pg_relation_size(c.oid)::float8`.as('sizeBytes'),
    ])
    .where('i.indrelid', '=', sql<number>`'tessera.embeddings'::regclass`)
    .where('c.relname', '~', graphIndexPattern)
    .orderBy('c.relname');
}

/** How far a build is. Only the role that builds is shown more than that somebody does. */
export function buildProgressStatement(pid: number) {
  return db
    .selectFrom('pg_catalog.pg_stat_progress_create_index')
    .select(['phase', sql<number>`tuples_done::float8`.as('chunksDone')])
    .where('pid', '=', pid);
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
