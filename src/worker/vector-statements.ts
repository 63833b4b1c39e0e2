import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';

export interface EmbeddingRow {
  readonly chunkId: ChunkId;
  readonly coarse: Float32Array;
  readonly full: Float32Array;
}

/** A vector, and of what it is. */
export interface PlacedEmbedding extends EmbeddingRow {
  readonly documentId: DocumentId;
  readonly audience: number;
}

/**
 * Writes vectors of chunks that are still due; one that was replaced in the meantime takes none, nor one whose duty another
 * worker has done. Where a chunk is deleted at this moment, or its audience changes, the lock waits for that and has it gone, or its
 * new audience. The foreign key would take the same lock, and could only refuse what was read before (23503).
 */
export function insertEmbeddingsStatement(
  tenantId: TenantId,
  modelId: number,
  rows: readonly EmbeddingRow[],
): Statement<unknown> {
  const values = rows.map(
    (row) =>
      sql`(${row.chunkId}::uuid, ${halfvecParameter(row.coarse)}::halfvec, ${vectorParameter(row.full)}::vector, ${row.full.length}::smallint)`,
  );
  const columns = sql<'v'>`v (chunk_id, coarse, full_vector, dimensions)`;
  const source = sql<Record<string, never>>`(values ${sql.join(values)})`.as<'v'>(columns);
  return sqlBuilder
    .insertInto('embeddings')
    .columns(['tenant_id', 'model_id', 'chunk_id', 'document_id', 'coarse', 'full_vector', 'dimensions', 'audience'])
    .expression((eb) =>
      eb
        .selectFrom(source)
        .innerJoin('chunks', (join) =>
          join.on('chunks.tenant_id', '=', tenantId).on(sql<boolean>`chunks.id = v.chunk_id` as never),
        )
        .innerJoin('embedding_jobs', (join) =>
          join
            .on('embedding_jobs.tenant_id', '=', tenantId)
            .on('embedding_jobs.model_id', '=', modelId)
            .onRef('embedding_jobs.chunk_id', '=', 'chunks.id'),
        )
        .select([
          'chunks.tenant_id',
          sql<number>`${modelId}::smallint`.as('model_id'),
          'chunks.id as chunk_id',
          'chunks.document_id',
          sql<Buffer>`v.coarse`.as('coarse'),
          sql<Buffer>`v.full_vector`.as('full_vector'),
          sql<number>`v.dimensions`.as('dimensions'),
          'chunks.audience',
        ])
        .forKeyShare('chunks'),
    )
    .onConflict((oc) => oc.doNothing());
}

/** Where vectors are copied to, before they are written under the tenant's policies. Goes with the transaction. */
export function createVectorStageStatement(): Statement<unknown> {
  const table = sql`create temporary table staged_vectors (chunk_id uuid, document_id uuid, audience integer, coarse halfvec, full_vector vector,
    dimensions smallint) on commit drop`;
  return { compile: () => table.compile(sqlBuilder) };
}

/** Columns in the order in which rows are copied. */
export const stagedVectors =
  'pg_temp.staged_vectors (chunk_id, document_id, audience, coarse, full_vector, dimensions)';

/**
 * {@link insertEmbeddingsStatement}, of rows that were copied, for chunks that the transaction has locked with their jobs. It looks nothing
 * up: of a new tenant the planner thinks that it has a single row, and by whatever order and index it joins then, it reads all rows for each.
 */
export function insertStagedEmbeddingsStatement(tenantId: TenantId, modelId: number): Statement<unknown> {
  return sqlBuilder
    .insertInto('embeddings')
    .columns(['tenant_id', 'model_id', 'chunk_id', 'document_id', 'coarse', 'full_vector', 'dimensions', 'audience'])
    .expression((eb) =>
      eb
        .selectFrom(sql<Record<string, never>>`pg_temp.staged_vectors`.as('v'))
        .select([
          sql<string>`${tenantId}::text`.as('tenant_id'),
          sql<number>`${modelId}::smallint`.as('model_id'),
          sql<string>`v.chunk_id`.as('chunk_id'),
          sql<string>`v.document_id`.as('document_id'),
          sql<Buffer>`v.coarse`.as('coarse'),
          sql<Buffer>`v.full_vector`.as('full_vector'),
          sql<number>`v.dimensions`.as('dimensions'),
          sql<number>`v.audience`.as('audience'),
        ]),
    )
    .onConflict((oc) => oc.doNothing());
}

/** Marks chunks in which the model found nothing that it knows. */
export function insertUnembeddableStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
): Statement<unknown> {
  return sqlBuilder
    .insertInto('unembeddable_chunks')
    .columns(['tenant_id', 'model_id', 'chunk_id', 'reason', 'audience'])
    .expression((eb) =>
      eb
        .selectFrom('chunks')
        .select([
          'tenant_id',
          sql<number>`${modelId}::smallint`.as('model_id'),
          'id',
          sql<string>`'no known token'`.as('reason'),
          'audience',
        ])
        .where('tenant_id', '=', tenantId)
        .where('id', '=', sql<string>`any(${chunkIds}::uuid[])`)
        // As for vectors.
        .forKeyShare('chunks'),
    )
    .onConflict((oc) => oc.doNothing());
}

/**
 * Removes what an earlier embedding left of chunks that are due anew: a worker that comes late finds them due no longer, and
 * removes nothing. Vectors that stand in for them stay.
 */
export function deleteOwnVectorsStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('embeddings')
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('stand_in', '=', 0)
    .where('chunk_id', 'in', dueChunks(tenantId, modelId, chunkIds));
}

/** The same of marks that the model knew nothing of them. */
export function deleteMarksStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('unembeddable_chunks')
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('chunk_id', 'in', dueChunks(tenantId, modelId, chunkIds));
}

function dueChunks(tenantId: TenantId, modelId: number, chunkIds: readonly ChunkId[]) {
  return sqlBuilder
    .selectFrom('embedding_jobs')
    .select('embedding_jobs.chunk_id')
    .where('embedding_jobs.tenant_id', '=', tenantId)
    .where('embedding_jobs.model_id', '=', modelId)
    .where('embedding_jobs.chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`);
}

/**
 * Has the workers that finish the same edited document do so one after the other, so that the last one sees that it is the
 * last. Before its own jobs are deleted; given up with the transaction. The zero is written out because the index of
 * stand-ins is of those above it: of a parameter that would not be known where the plan is made once.
 */
export function lockEditedDocumentsStatement(
  tenantId: TenantId,
  modelId: number,
  documentIds: readonly DocumentId[],
): Statement<unknown> {
  const edited = sqlBuilder
    .selectFrom('embeddings')
    .select('document_id')
    .distinct()
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('stand_in', '>', sql.lit(0))
    .where('document_id', '=', sql<string>`any(${documentIds}::uuid[])`)
    .orderBy('document_id')
    .offset(sql.lit(0));
  return sqlBuilder
    .selectFrom(edited.as('edited'))
    .select(sql`pg_advisory_xact_lock(hashtextextended('tessera.documents/' || edited.document_id, 0))`.as('locked'));
}

/**
 * The switch of an edited document: the vectors of its old text go in the transaction that writes the last of its new ones.
 * A text that the provider refuses keeps them, as its document would otherwise be found less for having been edited.
 */
export function deleteStandInsStatement(
  tenantId: TenantId,
  modelId: number,
  documentIds: readonly DocumentId[],
): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('embeddings')
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', modelId)
    .where('embeddings.stand_in', '>', sql.lit(0))
    .where('embeddings.document_id', '=', sql<string>`any(${documentIds}::uuid[])`)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('chunks')
            .innerJoin('embedding_jobs', 'embedding_jobs.chunk_id', 'chunks.id')
            .select('chunks.id')
            .where('chunks.tenant_id', '=', tenantId)
            .whereRef('chunks.document_id', '=', 'embeddings.document_id')
            .where('embedding_jobs.tenant_id', '=', tenantId)
            .where('embedding_jobs.model_id', '=', modelId),
        ),
      ),
    );
}
