import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ChunkId, DocumentId, JobId, TenantId } from '../ids.ts';
import type { Delay } from './put-off.ts';

export interface ClaimedJob {
  readonly tenantId: TenantId;
  readonly chunkId: ChunkId;
  readonly attempts: number;
  /** What it is embedded for; null where nobody follows it. */
  readonly jobId: JobId | null;
  /** False for what an edit left. */
  readonly isBulk: boolean;
}

/**
 * Leases waiting jobs to this worker, the oldest of every tenant first, then everybody's second, and so on: however many wait
 * for one tenant, another's edit is in the next batch. A tenant's own edits and its bulk loads take turns in the same way, edits
 * first, so that neither waits for the end of the other. A claim is not a lock: nothing is held while the texts are
 * embedded, and a worker that dies gives its jobs back when the lease runs out.
 *
 * Tenants with waiting jobs are found one after the other, a probe of the index each. Of each tenant its share of four batches
 * is looked at, of edits and of bulk loads, so that workers that claim at the same time pass each other by. 256 of 100,000 jobs
 * of 200 tenants, one of whom has 90,000, are claimed with 10,700 buffers where all are bulk and 13,800 where both wait (10,100 without
 * the distinction); of one tenant's 90,000 with 7,000 (6,500). Jobs of tenants that are suspended or being
 * deleted stay where they are, and of those that are told to be passed by.
 */
export function claimJobsStatement(
  modelId: number,
  limit: number,
  leaseSeconds: number,
  passedBy: readonly TenantId[] = [],
): Statement<ClaimedJob> {
  const waiting = sql`j.model_id = ${modelId} and j.dead_at is null`;
  const query = sql<ClaimedJob>`with recursive tenant (tenant_id) as (
      (select j.tenant_id from embedding_jobs j where ${waiting} order by j.tenant_id limit 1)
      union all
      select (select j.tenant_id from embedding_jobs j where ${waiting} and j.tenant_id > tenant.tenant_id
        order by j.tenant_id limit 1)
      from tenant where tenant.tenant_id is not null
    ), active as (
      select tenant.tenant_id from tenant
      where tenant.tenant_id is not null
        and tenant.tenant_id not in (select tenants.id from tenants where tenants.status <> 'active')
        and tenant.tenant_id <> all (${passedBy}::text[])
    ), waiting as (
      select w.tenant_id, w.chunk_id, w.available_at,
        row_number() over (partition by w.tenant_id order by w.place, w.is_bulk) as turn
      from (
        select w.tenant_id, w.chunk_id, w.available_at, w.is_bulk,
          row_number() over (partition by w.tenant_id, w.is_bulk order by w.available_at, w.chunk_id) as place
        from active cross join (values (false), (true)) kind (is_bulk) cross join lateral (
          select j.tenant_id, j.chunk_id, j.available_at, j.is_bulk from embedding_jobs j
          where ${waiting} and j.tenant_id = active.tenant_id and j.is_bulk = kind.is_bulk and j.available_at <= now()
          order by j.available_at limit (select 8 + 4 * ${limit}::integer / greatest(1, count(*)) from active)
        ) w
      ) w
    ), claimed as (
      select j.tenant_id, j.model_id, j.chunk_id
      from (select * from waiting order by turn, available_at, tenant_id limit 4 * ${limit}::integer) w
      cross join lateral (
        select j.tenant_id, j.model_id, j.chunk_id from embedding_jobs j
        where ${waiting} and j.tenant_id = w.tenant_id and j.chunk_id = w.chunk_id and j.available_at <= now()
        for update skip locked
      ) j
      limit ${limit}
    )
    update embedding_jobs set attempts = attempts + 1, available_at = now() + make_interval(secs => ${leaseSeconds})
    from claimed
    where embedding_jobs.tenant_id = claimed.tenant_id and embedding_jobs.model_id = claimed.model_id
      and embedding_jobs.chunk_id = claimed.chunk_id
    returning embedding_jobs.tenant_id as "tenantId", embedding_jobs.chunk_id as "chunkId", embedding_jobs.attempts,
      embedding_jobs.job_id as "jobId", embedding_jobs.is_bulk as "isBulk"`;
  return { compile: () => query.compile(sqlBuilder) };
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

/** Those of some jobs that embed stored documents anew. */
export function reembeddingsStatement(tenantId: TenantId, jobIds: readonly JobId[]) {
  return sqlBuilder
    .selectFrom('jobs')
    .select(sql.ref<JobId>('id').as('id'))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${jobIds}::uuid[])`)
    .where('kind', '=', 'reembed');
}

/** Discharges jobs, in the transaction that writes their vectors, and says which there were and how long they had waited. */
export function deleteJobsStatement(tenantId: TenantId, modelId: number, chunkIds: readonly ChunkId[]) {
  return sqlBuilder
    .deleteFrom('embedding_jobs')
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`)
    .returning([
      sql.ref<ChunkId>('chunk_id').as('chunkId'),
      sql.ref<JobId | null>('job_id').as('jobId'),
      sql<number>`extract(epoch from clock_timestamp() - created_at)::float8`.as('waitedSeconds'),
    ]);
}

/** Where followers of jobs listen: `tenant/job`. PostgreSQL announces the same text once a transaction. */
const progressChannel = 'tessera_job_progress';

/** Counts what was done of jobs, and announces it at commit. */
export function noteProgressStatement(tenantId: TenantId, done: ReadonlyMap<JobId, number>): Statement<unknown> {
  const query = sql`with changed as (
      update jobs set done = jobs.done + progress.done, updated_at = now()
      from unnest(${[...done.keys()]}::uuid[], ${[...done.values()]}::integer[]) as progress (id, done)
      where jobs.tenant_id = ${tenantId} and jobs.id = progress.id
      returning jobs.id
    )
    select pg_notify(${sql.lit(progressChannel)}, ${tenantId} || '/' || changed.id) from changed`;
  return { compile: () => query.compile(sqlBuilder) };
}

/**
 * After a failure: doubling from one second, ten minutes at most, and of that at least half.
 * @param random from 0 to below 1, of a call: its texts come back together, and not with another's.
 */
function backedOff(random: number) {
  return sql<Date>`now() + make_interval(secs => ${0.5 + random / 2}::float8 * least(600, power(2, least(attempts, 12) - 1)))`;
}

/** Puts jobs off after a failure that is not their own. */
export function postponeJobsStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
  { reason, waitMs, wasSent }: Delay,
  random: number,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('embedding_jobs')
    .set({
      available_at:
        waitMs === undefined ? backedOff(random) : sql<Date>`now() + make_interval(secs => ${waitMs / 1_000}::float8)`,
      last_error: reason.slice(0, 500),
      // The claim counted one.
      ...(!wasSent && { attempts: sql<number>`greatest(attempts - 1, 0)` }),
    })
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`);
}

/** How often a provider must refuse a text by itself before nobody asks it any more. */
const mostRejections = 3;

/** Notes that the provider refused texts, each by itself: they are put off, and in the end they are dead letters. */
export function rejectJobsStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
  reason: string,
  random: number,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('embedding_jobs')
    .set({
      available_at: backedOff(random),
      last_error: reason.slice(0, 500),
      rejections: sql<number>`rejections + 1`,
      dead_at: sql<Date | null>`case when rejections + 1 >= ${sql.lit(mostRejections)} then now() end`,
    })
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`);
}

/** Makes dead letters of jobs at once: what keeps them from being done is nobody's fault that passes. */
export function buryJobsStatement(
  tenantId: TenantId,
  modelId: number,
  chunkIds: readonly ChunkId[],
  reason: string,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('embedding_jobs')
    .set({ dead_at: sql<Date>`now()`, last_error: reason.slice(0, 500) })
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('chunk_id', '=', sql<string>`any(${chunkIds}::uuid[])`);
}
