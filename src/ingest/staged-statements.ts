import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import { replaceStored } from './upsert-statements.ts';

/** Where documents and chunks are copied to, before they are written to the tables under the tenant's policies. */
export function createStagesStatements(): Statement<unknown>[] {
  const tables = [
    sql`create temporary table staged_documents (position integer, id uuid, collection text, external_id text, title text,
      body text, url text, metadata jsonb, status text, language text, content_hash bytea, audience integer,
      expires_at timestamptz) on commit drop`,
    sql`create temporary table staged_chunks (id uuid, document_id uuid, ordinal integer, context text, text text,
      start_offset integer, end_offset integer, language text, content_hash bytea, audience integer) on commit drop`,
  ];
  return tables.map((table) => ({ compile: () => table.compile(sqlBuilder) }));
}

/** Columns in the order in which rows are copied. */
export const stagedDocuments = `pg_temp.staged_documents (position, id, collection, external_id, title, body, url, metadata,
  status, language, content_hash, audience, expires_at)`;
export const stagedChunks = `pg_temp.staged_chunks (id, document_id, ordinal, context, text, start_offset, end_offset,
  language, content_hash, audience)`;

const documentColumns = [
  'id',
  'collection',
  'external_id',
  'title',
  'body',
  'url',
  'metadata',
  'status',
  'language',
  'content_hash',
  'audience',
  'expires_at',
] as const;

/** `insertDocumentsStatement`, of rows that were copied: in their order, in which they are answered, too. */
export function insertStagedDocumentsStatement(tenantId: TenantId) {
  return sqlBuilder
    .insertInto('documents')
    .columns(['tenant_id', ...documentColumns])
    .expression((eb) =>
      eb
        .selectFrom(sql<Record<string, never>>`pg_temp.staged_documents`.as('staged'))
        .select([
          sql<string>`${tenantId}::text`.as('tenant_id'),
          ...documentColumns.map((column) => sql`staged.${sql.ref(column)}`.as(column)),
        ] as never)
        .orderBy(sql`staged.position`),
    )
    .onConflict(replaceStored)
    .returning(['id', 'version']);
}

const chunkColumns = [
  'id',
  'document_id',
  'ordinal',
  'context',
  'text',
  'start_offset',
  'end_offset',
  'language',
  'content_hash',
  'audience',
] as const;

/** `insertChunksStatement`, of rows that were copied. */
export function insertStagedChunksStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder
    .insertInto('chunks')
    .columns(['tenant_id', ...chunkColumns])
    .expression((eb) =>
      eb
        .selectFrom(sql<Record<string, never>>`pg_temp.staged_chunks`.as('staged'))
        .select([
          sql<string>`${tenantId}::text`.as('tenant_id'),
          ...chunkColumns.map((column) => sql`staged.${sql.ref(column)}`.as(column)),
        ] as never),
    );
}
