import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { activeModel } from '../db/active-model.ts';
import { auditStatement } from '../db/audit.ts';
import { sqlBuilder } from '../db/compile.ts';
import { readAsTenant, writeAsTenant } from '../db/tenant.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import type { IngestDeps } from './write.ts';

/** A chunk that the embedding provider refused for good. It is found by its words. */
export interface DeadLetter {
  readonly chunkId: ChunkId;
  readonly documentId: DocumentId;
  readonly ordinal: number;
  /** The provider's objection; never a part of the text. */
  readonly reason: string;
  readonly attempts: number;
  readonly deadAt: Date;
}

/**
 * Dead letters of the active model in the order of their chunks. Those of documents that the reader may not see are not among
 * them.
 */
export function deadLettersStatement(tenantId: TenantId, limit: number) {
  return sqlBuilder
    .selectFrom('embedding_jobs')
    .innerJoin('chunks', 'chunks.id', 'embedding_jobs.chunk_id')
    .innerJoin('documents', 'documents.id', 'chunks.document_id')
    .select([
      sql.ref<ChunkId>('embedding_jobs.chunk_id').as('chunkId'),
      sql.ref<DocumentId>('chunks.document_id').as('documentId'),
      'chunks.ordinal',
      sql<string>`coalesce(embedding_jobs.last_error, '')`.as('reason'),
      'embedding_jobs.attempts',
      sql<Date>`embedding_jobs.dead_at`.as('deadAt'),
    ])
    .where('embedding_jobs.tenant_id', '=', tenantId)
    .where('embedding_jobs.dead_at', 'is not', null)
    .where('embedding_jobs.model_id', '=', activeModel(tenantId))
    .where('chunks.tenant_id', '=', tenantId)
    .where('documents.tenant_id', '=', tenantId)
    .orderBy('embedding_jobs.chunk_id')
    .limit(limit);
}

/** @param chunkIds all dead letters without them. */
export function requeueStatement(tenantId: TenantId, chunkIds: readonly ChunkId[] | undefined) {
  return sqlBuilder
    .updateTable('embedding_jobs')
    .set({ dead_at: null, rejections: 0, attempts: 0, available_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('dead_at', 'is not', null)
    .$if(chunkIds !== undefined, (query) => query.where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`))
    .returning(sql.ref<ChunkId>('chunk_id').as('chunkId'));
}

export function readDeadLetters(
  deps: Pick<IngestDeps, 'database'>,
  principal: Principal,
  limit: number,
): Promise<DeadLetter[]> {
  return readAsTenant(deps.database, principal, deadLettersStatement(principal.tenantId, limit));
}

/**
 * Has dead letters sent again, as if they were new.
 * @param chunkIds all of them without.
 * @returns how many there were.
 */
export async function requeue(
  deps: Pick<IngestDeps, 'database' | 'onPending'>,
  principal: Principal,
  chunkIds: readonly ChunkId[] | undefined,
): Promise<number> {
  const { tenantId } = principal;
  const requeued = await writeAsTenant(deps.database, principal, async (execute) => {
    const targetIds = (await execute(requeueStatement(tenantId, chunkIds))).map(({ chunkId }) => chunkId);
    const entry = { action: 'requeue', targetKind: 'deadLetter', targetIds };
    if (targetIds.length > 0) await execute(auditStatement(tenantId, entry));
    return targetIds;
  });
  if (requeued.length > 0) deps.database.announceChange?.(tenantId);
  if (requeued.length > 0) deps.onPending();
  return requeued.length;
}
