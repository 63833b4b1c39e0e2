import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import type { ChunkPlace } from './chunk-changes.ts';

/**
 * The chunks of some documents, locked: a worker that is about to write the vector of one of them waits, and finds the chunk
 * gone or kept.
 */
export function lockChunksStatement(tenantId: TenantId, documentIds: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('chunks')
    .select([
      sql.ref<ChunkId>('id').as('id'),
      sql.ref<DocumentId>('document_id').as('documentId'),
      'ordinal',
      'start_offset as start',
      'end_offset as end',
      'language',
      'content_hash as contentHash',
    ])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', sql<string>`any(${documentIds}::uuid[])`)
    .orderBy('document_id')
    .orderBy('ordinal')
    .forUpdate();
}

/**
 * Which chunks of some documents wait for a vector. They are locked before, in a statement of its own: it may have waited for
 * the worker that wrote one.
 */
export function waitingChunksStatement(tenantId: TenantId, documentIds: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('chunks')
    .innerJoin('embedding_jobs', 'embedding_jobs.chunk_id', 'chunks.id')
    .select(sql.ref<ChunkId>('chunks.id').as('id'))
    .distinct()
    .where('chunks.tenant_id', '=', tenantId)
    .where('chunks.document_id', '=', sql<string>`any(${documentIds}::uuid[])`)
    .where('embedding_jobs.tenant_id', '=', tenantId);
}

/** Chunks that stand elsewhere in their documents now. Their words and vectors are not touched. */
export function placeChunksStatement(tenantId: TenantId, places: readonly ChunkPlace[]): Statement<unknown> {
  const column = (name: keyof ChunkPlace, type: string) =>
    sql`${places.map((place) => place[name])}::${sql.raw(type)}[]`;
  return sqlBuilder
    .updateTable('chunks')
    .from(
      sql<{ id: string; ordinal: number; start_offset: number; end_offset: number }>`unnest(${column('id', 'uuid')},
        ${column('ordinal', 'integer')}, ${column('start', 'integer')}, ${column('end', 'integer')})`.as<'place'>(
        sql`place (id, ordinal, start_offset, end_offset)`,
      ),
    )
    .set((eb) => ({
      ordinal: eb.ref('place.ordinal'),
      start_offset: eb.ref('place.start_offset'),
      end_offset: eb.ref('place.end_offset'),
    }))
    .where('chunks.tenant_id', '=', tenantId)
    .whereRef('chunks.id', '=', 'place.id');
}

/**
 * Hands the vectors of chunks that go over to chunks that wait for their own, where they answer until those are there. They are
 * numbered behind what such a chunk answers for already. A chunk that waits for one model only is given that model's.
 * @param added chunks that will wait for every model, and do not yet.
 */
export function handOverVectorsStatement(
  tenantId: TenantId,
  successors: ReadonlyMap<ChunkId, ChunkId>,
  added: readonly ChunkId[],
): Statement<unknown> {
  const handed = sqlBuilder
    .selectFrom(
      sql<{
        id: string;
        successor: string;
      }>`unnest(${[...successors.keys()]}::uuid[], ${[...successors.values()]}::uuid[])`.as<'gone'>(
        sql`gone (id, successor)`,
      ),
    )
    .innerJoin('embeddings as e', 'e.chunk_id', 'gone.id')
    .select([
      'e.chunk_id',
      'e.model_id',
      'e.stand_in',
      'gone.successor',
      sql<number>`row_number() over (partition by e.model_id, gone.successor order by e.created_at, e.chunk_id, e.stand_in)
        + coalesce((select max(s.stand_in) from embeddings s
            where s.tenant_id = ${tenantId} and s.chunk_id = gone.successor and s.model_id = e.model_id), 0)`.as(
        'number',
      ),
    ])
    .where('e.tenant_id', '=', tenantId)
    .where(
      sql<boolean>`(gone.successor = any(${added}::uuid[]) or exists (select from embedding_jobs j
        where j.tenant_id = ${tenantId} and j.chunk_id = gone.successor and j.model_id = e.model_id))`,
    );
  return sqlBuilder
    .updateTable('embeddings')
    .from(handed.as('handed'))
    .set((eb) => ({ chunk_id: eb.ref('handed.successor'), stand_in: eb.ref('handed.number') }))
    .where('embeddings.tenant_id', '=', tenantId)
    .whereRef('embeddings.chunk_id', '=', 'handed.chunk_id')
    .whereRef('embeddings.model_id', '=', 'handed.model_id')
    .whereRef('embeddings.stand_in', '=', 'handed.stand_in');
}

/** What is still theirs of vectors and jobs goes with them. */
export function deleteChunksStatement(tenantId: TenantId, ids: readonly ChunkId[]): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('chunks')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`);
}
