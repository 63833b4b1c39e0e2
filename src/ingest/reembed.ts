import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import { writeAsTenant } from '../db/tenant.ts';
import { type DocumentId, type JobId, newJobId, type TenantId } from '../ids.ts';
import { insertJobStatement } from './queue-chunks.ts';
import type { IngestDeps } from './upsert-documents.ts';

/** Which documents are meant. */
export type ReembedTarget = { readonly collection: string } | { readonly ids: readonly DocumentId[] };

/** Queues every chunk of the documents, those that wait and dead letters included, and says how many there are. */
export function queueDocumentsStatement(
  tenantId: TenantId,
  modelId: number,
  target: ReembedTarget,
  jobId: JobId,
): Statement<{ queued: number }> {
  const meant =
    'collection' in target ? sql`d.collection = ${target.collection}` : sql`d.id = any(${target.ids}::uuid[])`;
  const query = sql<{ queued: number }>`with queued as (
      insert into embedding_jobs (tenant_id, model_id, chunk_id, job_id)
      select c.tenant_id, ${modelId}::smallint, c.id, ${jobId}::uuid
      from documents d join chunks c on c.document_id = d.id
      where d.tenant_id = ${tenantId} and c.tenant_id = ${tenantId} and ${meant}
      order by c.document_id, c.ordinal
      on conflict (tenant_id, chunk_id, model_id) do update
        set job_id = excluded.job_id, attempts = 0, rejections = 0, dead_at = null, available_at = now()
      returning 1
    )
    select count(*)::int as queued from queued`;
  return { compile: () => query.compile(sqlBuilder) };
}

/**
 * Has documents embedded anew, as after a change of the provider behind a model's name. The old vectors are searched until
 * the new ones are there.
 * @returns the job; null where there is nothing to embed.
 */
export async function reembed(
  deps: Pick<IngestDeps, 'database' | 'modelId' | 'onPending'>,
  principal: Principal,
  target: ReembedTarget,
): Promise<JobId | null> {
  const { tenantId, subject } = principal;
  const id = newJobId();
  const queued = await writeAsTenant(deps.database, principal, async (execute) => {
    const [counted] = await execute(queueDocumentsStatement(tenantId, deps.modelId, target, id));
    if (!counted?.queued) return 0;
    await execute(insertJobStatement(tenantId, { id, kind: 'reembed', createdBy: subject }, counted.queued));
    return counted.queued;
  });
  if (queued === 0) return null;
  deps.onPending();
  return id;
}
