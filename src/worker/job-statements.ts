import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';

export interface ClaimedJob {
  readonly tenantId: TenantId;
  readonly chunkId: ChunkId;
  readonly attempts: number;
}

/**
 * Leases waiting jobs to this worker. A claim is not a lock: nothing is held while the texts are embedded, and a worker
 * that dies gives its jobs back when the lease runs out. Jobs of tenants that are suspended or being deleted stay where they are.
 */
export function claimJobsStatement(modelId: number, limit: number, leaseSeconds: number) {
  return sqlBuilder
    .with('claimed', (db) =>
      db
        .selectFrom('embedding_jobs')
        .select(['tenant_id', 'model_id', 'chunk_id'])
        .where('model_id', '=', modelId)
        .where('available_at', '<=', sql<Date>`now()`)
        .where('tenant_id', 'not in', (eb) =>
          eb.selectFrom('tenants').select('tenants.id').where('tenants.status', '<>', 'active'),
        )
        .orderBy('available_at')
        .orderBy('tenant_id')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('embedding_jobs')
    .from('claimed')
    .set({
      attempts: sql<number>`attempts + 1`,
      available_at: sql<Date>`now() + make_interval(secs => ${leaseSeconds})`,
    })
    .whereRef('embedding_jobs.tenant_id', '=', 'claimed.tenant_id')
    .whereRef('embedding_jobs.model_id', '=', 'claimed.model_id')
    .whereRef('embedding_jobs.chunk_id', '=', 'claimed.chunk_id')
    .returning([
      sql.ref<TenantId>('embedding_jobs.tenant_id').as('tenantId'),
      sql.ref<ChunkId>('embedding_jobs.chunk_id').as('chunkId'),
      'embedding_jobs.attempts',
    ]);
}

/** What is embedded of a chunk: its title and headings, then its text. */
export function chunkTextsStatement(tenantId: TenantId, chunkIds: readonly ChunkId[]) {
  return sqlBuilder
    .selectFrom('chunks')
    .select([
      sql.ref<ChunkId>('id').as('id'),
      sql.ref<DocumentId>('document_id').as('documentId'),
      sql<string>`context || E'\n' || text`.as('text'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${chunkIds}::uuid[])`)
    .orderBy('document_id')
    .orderBy('ordinal');
}

export interface EmbeddingRow {
  readonly chunkId: ChunkId;
  readonly coarse: Float32Array;
  readonly full: Float32Array;
}

/**
 * Writes vectors of chunks that are still there; a chunk that was replaced in the meantime takes none. Where the audience of
 * a chunk changes at this moment, the foreign key waits for that and refuses the old one (23503), and all of it runs again.
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
  return sqlBuilder
    .insertInto('embeddings')
    .columns(['tenant_id', 'model_id', 'chunk_id', 'document_id', 'coarse', 'full_vector', 'dimensions', 'audience'])
    .expression((eb) =>
      eb
        .selectFrom(
          sql<Record<string, never>>`(values ${sql.join(values)})`.as<'v'>(
            sql`v (chunk_id, coarse, full_vector, dimensions)`,
          ),
        )
        .innerJoin('chunks', (join) =>
          join.on('chunks.tenant_id', '=', tenantId).on(sql<boolean>`chunks.id = v.chunk_id` as never),
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
        .where('id', '=', sql<string>`any(${chunkIds}::uuid[])`),
    )
    .onConflict((oc) => oc.doNothing());
}

/** Discharges jobs, in the transaction that writes their vectors. */
export function deleteJobsStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('embedding_jobs')
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`);
}

/** Puts jobs off after a failure: doubling from one second, ten minutes at most. */
export function postponeJobsStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
  reason: string,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('embedding_jobs')
    .set({
      available_at: sql<Date>`now() + make_interval(secs => least(600, power(2, least(attempts, 12) - 1)))`,
      last_error: reason.slice(0, 500),
    })
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`);
}
