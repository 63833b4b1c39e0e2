import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import { documentPredicate } from '../db/document-filter.ts';
import type { DocumentFilter } from '../filter.ts';
import type { DocumentId, JobId, TenantId } from '../ids.ts';
import { dividedColumns } from './replace-chunks.ts';

/** For good: chunks, vectors and jobs go with their document. */
export function deleteDocumentsStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .deleteFrom('documents')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .returning('id');
}

/** Hides documents from every reader. */
export function markDeletedStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .updateTable('documents')
    .set({ deleted_at: sql<Date>`now()`, updated_at: sql<Date>`now()`, version: sql<number>`version + 1` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .where(isThere)
    .returning('id');
}

/** Expired ones are not there any more. */
const isThere = sql<boolean>`documents.deleted_at is null and (documents.expires_at is null or documents.expires_at > now())`;

/** The same for the documents that a filter selects, in the order of their ids. Their passages are the job's to clear away. */
export function markMatchingDeletedStatement(tenantId: TenantId, filter: DocumentFilter, jobId: JobId, limit: number) {
  return sqlBuilder
    .with('matching', (db) =>
      db
        .selectFrom('documents')
        .select('documents.id')
        .where('documents.tenant_id', '=', tenantId)
        .where(isThere)
        .where((eb) => documentPredicate(eb, tenantId, filter))
        .orderBy('documents.id')
        .limit(limit),
    )
    .updateTable('documents')
    .from('matching')
    .set({
      deleted_at: sql<Date>`now()`,
      updated_at: sql<Date>`now()`,
      version: sql<number>`version + 1`,
      deletion: jobId,
    })
    .where('documents.tenant_id', '=', tenantId)
    .whereRef('documents.id', '=', 'matching.id')
    .returning('documents.id');
}

/** For a deletion that was small enough to be done at once. */
export function forgetDeletionStatement(tenantId: TenantId, jobId: JobId): Statement<unknown> {
  return sqlBuilder
    .updateTable('documents')
    .set({ deletion: null })
    .where('tenant_id', '=', tenantId)
    .where('deletion', '=', jobId);
}

/** Their vectors and embedding jobs go with them. */
export function deleteChunksOfStatement(tenantId: TenantId, documentIds: readonly DocumentId[]): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('chunks')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', sql<string>`any(${documentIds}::uuid[])`);
}

/** Deleted documents that may come back, locked, with what their chunks are made of. */
export function lockDeletedStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('documents')
    .select([
      ...dividedColumns,
      sql<string>`metadata::text`.as('metadata'),
      'status',
      'content_hash as contentHash',
      'expires_at as expiresAt',
    ])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .where('deleted_at', 'is not', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .orderBy('id')
    .forUpdate();
}

export function unmarkDeletedStatement(tenantId: TenantId, ids: readonly DocumentId[]): Statement<unknown> {
  return sqlBuilder
    .updateTable('documents')
    .set({ deleted_at: null, deletion: null, updated_at: sql<Date>`now()`, version: sql<number>`version + 1` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`);
}
