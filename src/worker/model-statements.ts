import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ChunkId, JobId, TenantId } from '../ids.ts';

/** Models of tenants, across tenants, that are yet to be filled or emptied; the worker sees no others. */
export function unfinishedModelsStatement() {
  return sqlBuilder
    .selectFrom('tenant_models')
    .select([
      sql.ref<TenantId>('tenant_id').as('tenantId'),
      'model_id as modelId',
      sql<boolean>`role = 'retired'`.as('isRetired'),
    ])
    .orderBy('role_changed_at')
    .orderBy('tenant_id');
}

/** How far the filling of a model is; nothing where it is done or another worker is at it. Locked until the step is over. */
export function lockFillingStatement(tenantId: TenantId, modelId: number) {
  return sqlBuilder
    .selectFrom('tenant_models')
    .select([sql.ref<JobId | null>('job_id').as('jobId'), sql.ref<ChunkId | null>('filled_to').as('filledTo')])
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('role', 'in', ['active', 'candidate'])
    .where('replaces', 'is not', null)
    .where('filled_at', 'is', null)
    .forUpdate()
    .skipLocked();
}

/** How many chunks wait for a model, counted up to a bound. */
export function backlogStatement(tenantId: TenantId, modelId: number, most: number) {
  const waiting = sqlBuilder
    .selectFrom('embedding_jobs')
    .select('chunk_id')
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('dead_at', 'is', null)
    .limit(most);
  return sqlBuilder.selectFrom(waiting.as('waiting')).select(sql<number>`count(*)::integer`.as('chunks'));
}

/** What one step of a filling came to. */
export interface FilledPage {
  /** The last chunk that was looked at; null where there was none. */
  readonly lastId: ChunkId | null;
  readonly looked: number;
  readonly queued: number;
}

/** Queues the next chunks, in the order of their ids, that have nothing of a model. What is written meanwhile comes behind them. */
export function queueNextChunksStatement(
  tenantId: TenantId,
  modelId: number,
  jobId: JobId,
  after: ChunkId | null,
  limit: number,
): Statement<FilledPage> {
  const nothingIn = (table: 'embeddings' | 'unembeddable_chunks') =>
    sql`not exists (select from ${sql.table(table)} x where x.tenant_id = ${tenantId} and x.chunk_id = page.id
      and x.model_id = ${modelId}::smallint${table === 'embeddings' ? sql` and x.stand_in = 0` : sql``})`;
  const query = sql<FilledPage>`with page as (
      select c.id, c.audience from chunks c
      where c.tenant_id = ${tenantId} and c.id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')
      order by c.id limit ${limit}
    ), queued as (
      insert into embedding_jobs (tenant_id, model_id, chunk_id, audience, job_id)
      select ${tenantId}, ${modelId}::smallint, page.id, page.audience, ${jobId}::uuid from page
      where ${nothingIn('embeddings')} and ${nothingIn('unembeddable_chunks')}
      on conflict do nothing
      returning 1
    )
    select (select id from page order by id desc limit 1) as "lastId",
      (select count(*)::integer from page) as looked, (select count(*)::integer from queued) as queued`;
  return { compile: () => query.compile(sqlBuilder) };
}

/** The job by which a filling is followed: of all chunks that there are when it begins. */
export function openFillJobStatement(tenantId: TenantId, jobId: JobId): Statement<unknown> {
  const total = sqlBuilder
    .selectFrom('chunks')
    .select(sql<number>`count(*)::integer`.as('count'))
    .where('tenant_id', '=', tenantId);
  return sqlBuilder
    .insertInto('jobs')
    .values({ tenant_id: tenantId, id: jobId, kind: 'backfill', total, created_by: 'tessera' });
}

/**
 * What was looked at and need not be embedded is done. How many chunks there are was known when it began: when all were looked at,
 * it is how many were or are to be embedded, for others came and went meanwhile.
 */
export function growFillJobStatement(
  tenantId: TenantId,
  jobId: JobId,
  { looked, queued, isThrough }: Pick<FilledPage, 'looked' | 'queued'> & { readonly isThrough: boolean },
): Statement<unknown> {
  const done = sql<number>`done + ${looked - queued}::integer`;
  const waiting = sqlBuilder
    .selectFrom('embedding_jobs')
    .select(sql<number>`count(*)::integer`.as('count'))
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', jobId);
  const known = sql<number>`${done} + (${waiting})`;
  return sqlBuilder
    .updateTable('jobs')
    .set({
      total: isThrough ? known : sql<number>`greatest(total, ${known})`,
      done,
      updated_at: sql<Date>`now()`,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', jobId);
}

export function noteFilledStatement(
  tenantId: TenantId,
  modelId: number,
  {
    jobId,
    filledTo,
    isThrough,
  }: { readonly jobId: JobId; readonly filledTo: ChunkId | null; readonly isThrough: boolean },
): Statement<unknown> {
  return sqlBuilder
    .updateTable('tenant_models')
    .set({ job_id: jobId, filled_to: filledTo, ...(isThrough && { filled_at: sql<Date>`now()` }) })
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId);
}

/** A retired model that still has something; nothing where it has not, or another worker is at it. Locked until the step is over. */
export function lockEmptyingStatement(tenantId: TenantId, modelId: number) {
  return sqlBuilder
    .selectFrom('tenant_models')
    .select('model_id as modelId')
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('role', '=', 'retired')
    .where('emptied_at', 'is', null)
    .forUpdate()
    .skipLocked();
}

/** Tables with rows of a model, in the order in which they are emptied: without a job no vector can come any more. */
export const modelTables = ['embedding_jobs', 'unembeddable_chunks', 'embeddings'] as const;

/** Erases rows of a model, some of them, and says how many. */
export function eraseModelStatement(
  table: (typeof modelTables)[number],
  tenantId: TenantId,
  modelId: number,
  most: number,
): Statement<{ rows: number }> {
  const query = sql<{ rows: number }>`with erased as (
      delete from ${sql.table(table)} where tenant_id = ${tenantId} and model_id = ${modelId}::smallint and ctid = any (array(
        select ctid from ${sql.table(table)} where tenant_id = ${tenantId} and model_id = ${modelId}::smallint limit ${most}
      ))
      returning 1
    )
    select count(*)::integer as rows from erased`;
  return { compile: () => query.compile(sqlBuilder) };
}

export function noteEmptiedStatement(tenantId: TenantId, modelId: number): Statement<unknown> {
  return sqlBuilder
    .updateTable('tenant_models')
    .set({ emptied_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId);
}
