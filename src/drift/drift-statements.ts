import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { hasDocument } from './document-statements.ts';
import type { VectorDriftKind } from './drift.ts';

/** A chunk as it is stored, and which of the tenant's models have nothing for it. */
export interface ChunkRow {
  readonly chunkId: ChunkId;
  readonly documentId: DocumentId;
  readonly hasDocument: boolean;
  readonly context: string;
  readonly text: string;
  readonly contentHash: Buffer;
  readonly lacking: readonly number[];
  readonly since: Date;
}

/**
 * Chunks in the order of their ids, after one of them, so that each statement stays small however large the tenant. A model
 * that is being filled lacks nothing that it was not filled to yet: whoever queued that would push everybody's edits back.
 */
export function chunkPageStatement(tenantId: TenantId, after: ChunkId | undefined, limit: number) {
  const nothingIn = (table: 'embeddings' | 'embedding_jobs' | 'unembeddable_chunks') =>
    sql`not exists (select from ${sql.table(table)} x
      where x.tenant_id = ${tenantId} and x.chunk_id = chunks.id and x.model_id = tm.model_id${ownOnly(table)})`;
  return sqlBuilder
    .selectFrom('chunks')
    .select([
      sql.ref<ChunkId>('id').as('chunkId'),
      sql.ref<DocumentId>('document_id').as('documentId'),
      hasDocument(tenantId).as('hasDocument'),
      'context',
      'text',
      'content_hash as contentHash',
      sql<number[]>`array(select tm.model_id from tenant_models tm
        where tm.tenant_id = ${tenantId} and tm.role in ('active', 'candidate')
          and (tm.replaces is null or tm.filled_at is not null or chunks.id <= tm.filled_to)
          and ${nothingIn('embeddings')} and ${nothingIn('embedding_jobs')} and ${nothingIn('unembeddable_chunks')}
        order by tm.model_id)::integer[]`.as('lacking'),
      sql<Date>`coalesce(uuid_extract_timestamp(id), now())`.as('since'),
    ])
    .where('tenant_id', '=', tenantId)
    .$if(after !== undefined, (query) => query.where('id', '>', sql<string>`${after}::uuid`))
    .orderBy('id')
    .limit(limit);
}

/** A vector of a text that is gone stands in for a chunk's own, and is no reason not to make that. */
function ownOnly(table: string) {
  return table === 'embeddings' ? sql` and x.stand_in = 0` : sql``;
}

/** A vector and what is wrong with it; null for nothing. */
export interface VectorRow {
  readonly chunkId: ChunkId;
  readonly modelId: number;
  readonly standIn: number;
  readonly kind: VectorDriftKind | null;
  readonly since: Date;
}

/** Where a page of vectors ends. */
export type VectorPlace = Pick<VectorRow, 'chunkId' | 'modelId' | 'standIn'>;

/** Vectors by chunk and model, after one of them. Every full vector is read: this is for once in a while. */
export function vectorPageStatement(
  tenantId: TenantId,
  after: VectorPlace | undefined,
  limit: number,
): Statement<VectorRow> {
  return sqlBuilder
    .selectFrom('embeddings')
    .leftJoin('chunks', (join) =>
      join.on('chunks.tenant_id', '=', tenantId).onRef('chunks.id', '=', 'embeddings.chunk_id'),
    )
    .leftJoin('tenant_models', (join) =>
      join
        .on('tenant_models.tenant_id', '=', tenantId)
        .onRef('tenant_models.model_id', '=', 'embeddings.model_id')
        // A retired one has vectors until they are erased, and none after that.
        .on('tenant_models.emptied_at', 'is', null),
    )
    .innerJoin('models', 'models.id', 'embeddings.model_id')
    .select([
      sql.ref<ChunkId>('embeddings.chunk_id').as('chunkId'),
      'embeddings.model_id as modelId',
      'embeddings.stand_in as standIn',
      sql<VectorRow['kind']>`case
        when chunks.id is null then 'stray'
        when tenant_models.model_id is null then 'foreign'
        when embeddings.document_id <> chunks.document_id then 'misplaced'
        when vector_dims(full_vector) <> models.dimensions
          or abs(vector_norm(full_vector) - 1) >= 0.001 or abs(l2_norm(coarse) - 1) >= 0.01
          or (coarse <#> l2_normalize(subvector(full_vector, 1, 256))::halfvec) > -0.99 then 'malformed'
      end`.as('kind'),
      'embeddings.created_at as since',
    ])
    .where('embeddings.tenant_id', '=', tenantId)
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(embeddings.chunk_id, embeddings.model_id, embeddings.stand_in)
          > (${after?.chunkId}::uuid, ${after?.modelId}::smallint, ${after?.standIn}::integer)`,
      ),
    )
    .orderBy('embeddings.chunk_id')
    .orderBy('embeddings.model_id')
    .orderBy('embeddings.stand_in')
    .limit(limit);
}

/** Vectors to be taken away, as two lists of the same length. */
export function deleteVectorsStatement(
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  modelIds: readonly number[],
): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('embeddings')
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`(chunk_id, model_id) in (select * from unnest(${chunkIds}::uuid[], ${modelIds}::smallint[]))`);
}

/** Jobs for the chunks that are still there, by each of the tenant's models that has neither a vector nor a mark for them. */
export function queueChunksStatement(tenantId: TenantId, chunkIds: readonly ChunkId[]): Statement<unknown> {
  const nothingIn = (table: 'embeddings' | 'unembeddable_chunks') =>
    sql<boolean>`not exists (select from ${sql.table(table)} x
      where x.tenant_id = ${tenantId} and x.chunk_id = chunks.id and x.model_id = tenant_models.model_id${ownOnly(table)})`;
  const lacking = byEachModel(tenantId, chunkIds)
    .where(nothingIn('embeddings'))
    .where(nothingIn('unembeddable_chunks'));
  return insertJobs(lacking);
}

/** Jobs for chunks by each of the tenant's models, whatever they have: it answers until what is made anew is there. */
export function queueAnewStatement(tenantId: TenantId, chunkIds: readonly ChunkId[]): Statement<unknown> {
  return insertJobs(byEachModel(tenantId, chunkIds));
}

/** Chunks that are still there, once for each of the tenant's models. */
function byEachModel(tenantId: TenantId, chunkIds: readonly ChunkId[]) {
  return sqlBuilder
    .selectFrom('chunks')
    .innerJoin('tenant_models', 'tenant_models.tenant_id', 'chunks.tenant_id')
    .select(['chunks.tenant_id', 'tenant_models.model_id', 'chunks.id', 'chunks.audience'])
    .where('chunks.tenant_id', '=', tenantId)
    .where('tenant_models.role', 'in', ['active', 'candidate'])
    .where('chunks.id', '=', sql<string>`any(${chunkIds}::uuid[])`)
    .forKeyShare('chunks');
}

function insertJobs(chunks: ReturnType<typeof byEachModel>): Statement<unknown> {
  return sqlBuilder
    .insertInto('embedding_jobs')
    .columns(['tenant_id', 'model_id', 'chunk_id', 'audience'])
    .expression(chunks)
    .onConflict((oc) => oc.doNothing());
}

/** Of some chunks, what is embedded. */
export function chunkContentsStatement(tenantId: TenantId, chunkIds: readonly ChunkId[]) {
  return sqlBuilder
    .selectFrom('chunks')
    .select([sql.ref<ChunkId>('id').as('id'), 'context', 'text'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${chunkIds}::uuid[])`)
    .forUpdate();
}

/** Hashes of the texts as they are now, as two lists of the same length. */
export function rehashChunksStatement(
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  hashes: readonly Buffer[],
): Statement<unknown> {
  return sqlBuilder
    .updateTable('chunks')
    .from(sql<{ id: string; hash: Buffer }>`unnest(${chunkIds}::uuid[], ${hashes}::bytea[])`.as<'h'>(sql`h (id, hash)`))
    .set({ content_hash: sql<Buffer>`h.hash` })
    .where('chunks.tenant_id', '=', tenantId)
    .where(sql<boolean>`chunks.id = h.id`);
}
