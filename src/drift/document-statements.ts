import { sql } from 'kysely';
import type { Chunking } from '../chunking.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import type { StoredChunk } from './document-drift.ts';

/** A document as it is stored, with what its chunks depend on and with its chunks. */
export interface DocumentRow {
  readonly documentId: DocumentId;
  readonly title: string;
  readonly body: string;
  readonly language: string;
  readonly url: string | null;
  readonly externalId: string | null;
  readonly contentHash: Buffer;
  /** How its collection has documents divided; null for the usual way. */
  readonly chunking: Chunking | null;
  /** Whether it has been defined so for as long as there is the document. */
  readonly isChunkingKnown: boolean;
  readonly chunks: readonly StoredChunk[];
  readonly since: Date;
}

/**
 * Documents that readers see, in the order of their ids, after one of them. In one statement with their chunks: read one after
 * the other, an edit in between would look like drift. It stops short of `limit` where the bodies become too large: their
 * length is known without their being read.
 * @param mostBytes of bodies, after which no further document is taken.
 */
export function documentPageStatement(
  tenantId: TenantId,
  after: DocumentId | undefined,
  limit: number,
  mostBytes: number,
): Statement<DocumentRow> {
  const page = sqlBuilder
    .selectFrom('documents')
    .select([
      sql.ref<DocumentId>('id').as('id'),
      'collection',
      'external_id',
      'title',
      'body',
      'url',
      'language',
      'content_hash',
      'created_at',
      'updated_at',
      sql<number>`sum(octet_length(body)) over (order by id) - octet_length(body)`.as('bytes_before'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .$if(after !== undefined, (query) => query.where('id', '>', after as DocumentId))
    .orderBy('id')
    .limit(limit);
  return sqlBuilder
    .selectFrom(page.as('d'))
    .leftJoin('collections', (join) =>
      join.on('collections.tenant_id', '=', tenantId).onRef('collections.name', '=', 'd.collection'),
    )
    .select([
      'd.id as documentId',
      'd.title',
      'd.body',
      'd.language',
      'd.url',
      'd.external_id as externalId',
      'd.content_hash as contentHash',
      sql<Chunking | null>`collections.chunking`.as('chunking'),
      // A write that began after the definition did may have been divided by the one before: an hour is more than any takes.
      sql<boolean>`(collections.name is null or d.created_at > collections.updated_at + interval '1 hour')`.as(
        'isChunkingKnown',
      ),
      sql<StoredChunk[]>`coalesce((
        select json_agg(json_build_array(c.ordinal, c.start_offset, c.end_offset, c.language, c.context, encode(c.content_hash, 'hex'))
          order by c.ordinal)
        from chunks c where c.tenant_id = ${tenantId} and c.document_id = d.id), '[]')`.as('chunks'),
      'd.updated_at as since',
    ])
    .where(sql<boolean>`d.bytes_before < ${mostBytes}`)
    .orderBy('d.id');
}

/** Of some documents, those that were deleted and cleared away, locked: nobody brings them back meanwhile. */
export function lockClearedStatement(tenantId: TenantId, documentIds: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('documents')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${documentIds}::uuid[])`)
    .where('deleted_at', 'is not', null)
    .where('deletion', 'is', null)
    .orderBy('id')
    .forUpdate();
}

/** Chunks whose document is gone, or was deleted and cleared away: what is theirs of vectors and jobs goes with them. */
export function deleteLeftoversStatement(tenantId: TenantId, chunkIds: readonly ChunkId[]): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('chunks')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${chunkIds}::uuid[])`)
    .where(sql<boolean>`not ${hasDocument(tenantId)}`);
}

/** Whether a chunk's document is there, or is still to be cleared away. */
export function hasDocument(tenantId: TenantId) {
  return sql<boolean>`exists (select from documents d
    where d.tenant_id = ${tenantId} and d.id = chunks.document_id and (d.deleted_at is null or d.deletion is not null))`;
}
