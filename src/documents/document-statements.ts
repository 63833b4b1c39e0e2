import { sql } from 'kysely';
import { activeModel } from '../db/active-model.ts';
import { sqlBuilder } from '../db/compile.ts';
import { documentColumns } from '../db/document-columns.ts';
import { documentPredicate } from '../db/document-filter.ts';
import type { DocumentFilter } from '../filter.ts';
import type { DocumentId, TenantId } from '../ids.ts';

export function documentsByIdStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('documents')
    .select(documentColumns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`);
}

/** A document as its owner names it. */
export interface DocumentKey {
  readonly collection: string;
  readonly externalId: string;
}

/** Documents by their collections and external ids, by the unique index. */
export function documentsByKeyStatement(tenantId: TenantId, keys: readonly DocumentKey[]) {
  const collections = keys.map(({ collection }) => collection);
  const externalIds = keys.map(({ externalId }) => externalId);
  return sqlBuilder
    .selectFrom('documents')
    .innerJoin(
      sql<{
        collection: string;
        external_id: string;
      }>`unnest(${collections}::text[], ${externalIds}::text[])`.as<'wanted'>(sql`wanted(collection, external_id)`),
      (join) =>
        join
          .onRef('wanted.collection', '=', 'documents.collection')
          .onRef('wanted.external_id', '=', 'documents.external_id'),
    )
    .select(documentColumns)
    .where('documents.tenant_id', '=', tenantId);
}

export function bodiesByIdStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('documents')
    .select(['id', 'body'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`);
}

export interface DocumentListing {
  readonly filter: DocumentFilter;
  /** Ids above this one only: ids grow with the time of creation. */
  readonly after?: DocumentId;
  readonly limit: number;
}

/** Documents in the order of their ids, by the primary key or by collection. */
export function documentListStatement(tenantId: TenantId, listing: DocumentListing) {
  return sqlBuilder
    .selectFrom('documents')
    .select(documentColumns)
    .where('tenant_id', '=', tenantId)
    .where((eb) => documentPredicate(eb, tenantId, listing.filter))
    .$if(listing.after !== undefined, (query) => query.where('id', '>', listing.after as string))
    .orderBy('id')
    .limit(listing.limit);
}

/** Chunks of each document that still wait for their vector by the active model. */
export function pendingChunksStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('embedding_jobs')
    .innerJoin('chunks', (join) =>
      join
        .onRef('chunks.tenant_id', '=', 'embedding_jobs.tenant_id')
        .onRef('chunks.id', '=', 'embedding_jobs.chunk_id'),
    )
    .select(['chunks.document_id as id', sql<number>`count(*)::int`.as('pending')])
    .where('embedding_jobs.tenant_id', '=', tenantId)
    .where('embedding_jobs.dead_at', 'is', null)
    .where('embedding_jobs.model_id', '=', activeModel(tenantId))
    .where('chunks.tenant_id', '=', tenantId)
    .where('chunks.document_id', '=', sql<string>`any(${ids}::uuid[])`)
    .groupBy('chunks.document_id');
}
