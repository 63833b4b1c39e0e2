import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { sqlBuilder } from '../db/compile.ts';
import { readAsTenant, writeAsTenant } from '../db/tenant.ts';
import { type ChunkId, type DocumentId, type JobId, newJobId, type TenantId } from '../ids.ts';
import { insertJobStatement } from './queue-chunks.ts';
import type { IngestDeps } from './write.ts';

/** What names a dead letter. */
export interface DeadLetterKey {
  readonly chunkId: ChunkId;
  /** Whose provider it was; every model of the chunk where it is absent. */
  readonly modelId?: number;
}

/** A chunk that the embedding provider of a model refused for good. It is found by its words. */
export interface DeadLetter {
  readonly chunkId: ChunkId;
  readonly modelId: number;
  /** The model's name. */
  readonly model: string;
  readonly documentId: DocumentId;
  readonly ordinal: number;
  /** The provider's objection; never a part of the text. */
  readonly reason: string;
  readonly attempts: number;
  readonly deadAt: Date;
}

/** Which dead letters are listed. */
export interface DeadLetterList {
  readonly limit: number;
  /** Of the model with this name; of the active one and of the candidate without it. */
  readonly model?: string | undefined;
}

/**
 * Dead letters in the order of their chunks. Those of documents that the reader may not see are not among them, nor those of a model
 * that was retired.
 */
export function deadLettersStatement(tenantId: TenantId, { limit, model }: DeadLetterList) {
  return sqlBuilder
    .selectFrom('embedding_jobs')
    .innerJoin('chunks', 'chunks.id', 'embedding_jobs.chunk_id')
    .innerJoin('documents', 'documents.id', 'chunks.document_id')
    .innerJoin('tenant_models', 'tenant_models.model_id', 'embedding_jobs.model_id')
    .innerJoin('models', 'models.id', 'embedding_jobs.model_id')
    .select([
      sql.ref<ChunkId>('embedding_jobs.chunk_id').as('chunkId'),
      'embedding_jobs.model_id as modelId',
      'models.name as model',
      sql.ref<DocumentId>('chunks.document_id').as('documentId'),
      'chunks.ordinal',
      sql<string>`coalesce(embedding_jobs.last_error, '')`.as('reason'),
      'embedding_jobs.attempts',
      sql<Date>`embedding_jobs.dead_at`.as('deadAt'),
    ])
    .where('embedding_jobs.tenant_id', '=', tenantId)
    .where('embedding_jobs.dead_at', 'is not', null)
    .where('chunks.tenant_id', '=', tenantId)
    .where('documents.tenant_id', '=', tenantId)
    .where('tenant_models.tenant_id', '=', tenantId)
    .where('tenant_models.role', 'in', ['active', 'candidate'])
    .$if(model !== undefined, (query) => query.where('models.name', '=', model as string))
    .orderBy('embedding_jobs.chunk_id')
    .orderBy('embedding_jobs.model_id')
    .limit(limit);
}

/**
 * @param letters all dead letters without them.
 * @param jobId what they are a part of from then on; what they were a part of is through with them.
 */
export function requeueStatement(tenantId: TenantId, letters: readonly DeadLetterKey[] | undefined, jobId: JobId) {
  const chunkIds = letters?.map(({ chunkId }) => chunkId);
  const modelIds = letters?.map(({ modelId }) => modelId ?? null);
  return sqlBuilder
    .updateTable('embedding_jobs')
    .set({ dead_at: null, rejections: 0, attempts: 0, available_at: sql<Date>`now()`, job_id: jobId })
    .where('tenant_id', '=', tenantId)
    .where('dead_at', 'is not', null)
    .$if(letters !== undefined, (query) =>
      query.where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`).where(
        sql<boolean>`exists (select from unnest(${chunkIds}::uuid[], ${modelIds}::smallint[]) l (chunk_id, model_id)
          where l.chunk_id = embedding_jobs.chunk_id and coalesce(l.model_id, embedding_jobs.model_id) = embedding_jobs.model_id)`,
      ),
    )
    .returning([sql.ref<ChunkId>('chunk_id').as('chunkId'), 'model_id as modelId']);
}

/** None for a model that the tenant does not have. */
export async function readDeadLetters(
  deps: Pick<IngestDeps, 'database'>,
  principal: Principal,
  list: DeadLetterList,
): Promise<DeadLetter[]> {
  // No text of PostgreSQL's holds one, so no model's name does, and it would refuse the parameter.
  if (list.model?.includes('\0')) return [];
  return readAsTenant(deps.database, principal, deadLettersStatement(principal.tenantId, list));
}

/** What became of dead letters that were to be sent again. */
export interface Requeued {
  readonly requeued: number;
  /** Null where there was none. */
  readonly jobId: JobId | null;
}

/**
 * Has dead letters sent again, as if they were new, as a job of their own.
 * @param letters all of them without.
 */
export async function requeue(
  deps: Pick<IngestDeps, 'database' | 'onPending'>,
  principal: Principal,
  letters: readonly DeadLetterKey[] | undefined,
): Promise<Requeued> {
  const { tenantId, subject } = principal;
  const jobId = newJobId();
  const requeued = await writeAsTenant(deps.database, principal, async (execute) => {
    const found = await execute(requeueStatement(tenantId, letters, jobId));
    if (found.length === 0) return 0;
    await execute(insertJobStatement(tenantId, { id: jobId, kind: 'write', createdBy: subject }, found.length));
    const targetIds = found.map(({ chunkId, modelId }) => `${chunkId}:${modelId}`);
    await execute(auditStatement(tenantId, { action: 'requeue', targetKind: 'deadLetter', targetIds }));
    return found.length;
  });
  if (requeued === 0) return { requeued, jobId: null };
  deps.database.announceChange?.(tenantId);
  deps.onPending();
  return { requeued, jobId };
}
