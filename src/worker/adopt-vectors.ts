import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, transact } from '../db/database.ts';
import { planOnceStatements } from '../db/plan-once.ts';
import { workerScope } from '../db/scope.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { coarseVector } from '../vector.ts';
import type { copyEmbeddings } from './copy-embeddings.ts';
import type { PlacedEmbedding } from './vector-statements.ts';
import { writeVectors } from './write-vectors.ts';

/** A vector that was made elsewhere, and what it is of: a passage of a document that says the same. */
export interface KnownVector {
  readonly documentId: DocumentId;
  /** Of the passage, 32 bytes. */
  readonly contentHash: Buffer;
  /** Unit length, of the model. */
  readonly full: Float32Array;
  /** True where nothing of an earlier embedding can be, because the document is new. */
  readonly isNew?: boolean;
}

/** Chunks of documents that wait for their vector. Until the transaction ends nobody else embeds them, or takes them away. */
export function adoptableChunksStatement(tenantId: TenantId, modelId: number, documentIds: readonly DocumentId[]) {
  return (
    sqlBuilder
      .selectFrom('chunks')
      .innerJoin('embedding_jobs', (join) =>
        join
          .onRef('embedding_jobs.tenant_id', '=', 'chunks.tenant_id')
          .onRef('embedding_jobs.chunk_id', '=', 'chunks.id')
          .on('embedding_jobs.model_id', '=', modelId),
      )
      .select([
        sql.ref<ChunkId>('chunks.id').as('id'),
        sql.ref<DocumentId>('chunks.document_id').as('documentId'),
        'chunks.content_hash as contentHash',
        'chunks.audience',
      ])
      .where('chunks.tenant_id', '=', tenantId)
      .where('embedding_jobs.tenant_id', '=', tenantId)
      .where('chunks.document_id', '=', sql<string>`any(${documentIds}::uuid[])`)
      // The chunk before its job, as whoever deletes it does.
      .forKeyShare('chunks')
      .forUpdate('embedding_jobs')
  );
}

/**
 * Gives waiting chunks vectors that are known already, and discharges their jobs. A chunk that says anything else, because it
 * was cut in another way, goes on waiting for its own.
 * @param vectors of the model, which made them of the same text.
 * @param insertWith how they get into the table: as parameters, or {@link copyEmbeddings}.
 * @returns the number of chunks that have their vector now.
 */
export async function adoptVectors(
  database: Database,
  modelId: number,
  tenantId: TenantId,
  vectors: readonly KnownVector[],
  insertWith?: typeof copyEmbeddings,
): Promise<number> {
  const known = new Map(vectors.map((one) => [keyOf(one), one.full]));
  const isNew = vectors.every((one) => one.isNew);
  const documentIds = [...new Set(vectors.map(({ documentId }) => documentId))];
  const adopted = await transact(database, workerScope(tenantId), async (execute, copy) => {
    if (insertWith) for (const statement of planOnceStatements()) await execute(statement);
    const rows: PlacedEmbedding[] = [];
    for (const chunk of await execute(adoptableChunksStatement(tenantId, modelId, documentIds))) {
      const full = known.get(keyOf(chunk));
      if (!full) continue;
      const { id: chunkId, documentId, audience } = chunk;
      rows.push({ chunkId, documentId, audience, coarse: coarseVector(full), full });
    }
    const insert = insertWith && (() => insertWith(tenantId, modelId, rows, execute, copy));
    const most = insert ? rows.length : rowsPerStatement;
    for (let start = 0; start < rows.length; start += most) {
      const embeddings = rows.slice(start, start + most);
      const documentOf = new Map(embeddings.map(({ chunkId, documentId }) => [chunkId, documentId]));
      await writeVectors(tenantId, modelId, { embeddings, unembeddable: [], documentOf, isNew }, execute, insert);
    }
    return rows.length;
  });
  if (adopted > 0) database.announceChange?.(tenantId);
  return adopted;
}

const rowsPerStatement = 1_000;

function keyOf({ documentId, contentHash }: Pick<KnownVector, 'documentId' | 'contentHash'>): string {
  return `${documentId} ${contentHash.toString('base64')}`;
}
