import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Execute, Statement } from '../db/database.ts';
import { writeAsTenant } from '../db/tenant.ts';
import { type ChunkId, type DocumentId, type JobId, newJobId, type TenantId } from '../ids.ts';
import { insertJobStatement } from './queue-chunks.ts';
import type { IngestDeps } from './write.ts';

/** Which documents are meant. */
export type ReembedTarget = { readonly collection: string } | { readonly ids: readonly DocumentId[] };

/** What was queued. */
interface Queued {
  readonly queued: number;
  /** Of the ids that were given; none for a collection. */
  readonly documents: readonly string[];
}

/**
 * Queues every chunk of the documents for each of the tenant's models, those that wait and dead letters included, and says
 * how many there are; of ids, also which documents they are of. The job is that of the active model.
 */
export function queueDocumentsStatement(tenantId: TenantId, target: ReembedTarget, jobId: JobId): Statement<Queued> {
  const meant =
    'collection' in target ? sql`d.collection = ${target.collection}` : sql`d.id = any(${target.ids}::uuid[])`;
  const documents =
    'collection' in target
      ? sql`array[]::text[] as documents from queued`
      : sql`coalesce(array_agg(distinct c.document_id::text), '{}') as documents
      from queued join chunks c on c.tenant_id = ${tenantId} and c.id = queued.chunk_id`;
  const query = sql<Queued>`with queued as (
      insert into embedding_jobs (tenant_id, model_id, chunk_id, audience, job_id)
      select c.tenant_id, m.model_id, c.id, c.audience, case when m.role = 'active' then ${jobId}::uuid end
      from documents d join chunks c on c.document_id = d.id join tenant_models m on m.tenant_id = c.tenant_id
      where d.tenant_id = ${tenantId} and c.tenant_id = ${tenantId} and ${meant}
        and m.tenant_id = ${tenantId} and m.role in ('active', 'candidate')
      order by c.document_id, c.ordinal
      on conflict (tenant_id, chunk_id, model_id) do update
        set job_id = coalesce(excluded.job_id, embedding_jobs.job_id), attempts = 0, rejections = 0, dead_at = null, available_at = now()
      returning job_id, chunk_id
    )
    select count(*)::int as queued, ${documents} where queued.job_id = ${jobId}::uuid`;
  return { compile: () => query.compile(sqlBuilder) };
}

/** Texts of chunks that a job is to embed, behind one of them, in the order of their ids. */
export function queuedTextsStatement(tenantId: TenantId, jobId: JobId, after: ChunkId | undefined, limit: number) {
  return sqlBuilder
    .selectFrom('embedding_jobs')
    .innerJoin('chunks', 'chunks.id', 'embedding_jobs.chunk_id')
    .select([
      sql.ref<ChunkId>('embedding_jobs.chunk_id').as('id'),
      sql<string>`chunks.context || E'\n' || chunks.text`.as('text'),
    ])
    .where('embedding_jobs.tenant_id', '=', tenantId)
    .where('embedding_jobs.job_id', '=', jobId)
    .$if(after !== undefined, (query) => query.where('embedding_jobs.chunk_id', '>', after as ChunkId))
    .where('chunks.tenant_id', '=', tenantId)
    .orderBy('embedding_jobs.chunk_id')
    .limit(limit);
}

/** Texts that are in memory at the same time, some 2 MB. */
const textsPerPart = 1_000;

async function* readQueuedTexts(tenantId: TenantId, jobId: JobId, execute: Execute) {
  for (let after: ChunkId | undefined; ; ) {
    const part = await execute(queuedTextsStatement(tenantId, jobId, after, textsPerPart));
    yield part.map(({ text }) => text);
    if (part.length < textsPerPart) return;
    after = part.at(-1)?.id;
  }
}

/**
 * Has documents embedded anew, as after a change of the provider behind a model's name. The old vectors are searched until
 * the new ones are there. The worker divides anew those that would be divided otherwise now: `divideAnew`.
 * @returns the job; null where there is nothing to embed.
 * @throws what `checkWrite` throws.
 */
export async function reembed(
  deps: Pick<IngestDeps, 'database' | 'onPending' | 'checkWrite'>,
  principal: Principal,
  target: ReembedTarget,
): Promise<JobId | null> {
  const { tenantId, subject } = principal;
  const id = newJobId();
  const queued = await writeAsTenant(deps.database, principal, async (execute) => {
    const [counted] = await execute(queueDocumentsStatement(tenantId, target, id));
    if (!counted?.queued) return 0;
    await execute(insertJobStatement(tenantId, { id, kind: 'reembed', createdBy: subject }, counted.queued));
    const content = { documents: 0, chunks: 0, texts: () => readQueuedTexts(tenantId, id, execute) };
    await deps.checkWrite(principal, content, execute);
    await execute(auditStatement(tenantId, auditEntry(target, counted)));
    return counted.queued;
  });
  if (queued === 0) return null;
  deps.onPending();
  return id;
}

/** Ids that were given and are nobody's, or another tenant's, had nothing done to them. */
function auditEntry(target: ReembedTarget, { queued: chunks, documents }: Queued) {
  const { targetKind, targetIds } =
    'collection' in target
      ? { targetKind: 'collection', targetIds: [target.collection] }
      : { targetKind: 'document', targetIds: documents };
  return { action: 'reembed', targetKind, targetIds, details: { chunks } };
}
