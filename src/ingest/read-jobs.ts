import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { itemScope, listScope } from '../db/scope.ts';
import type { JobId, TenantId } from '../ids.ts';
import type { JobKind } from './queue-chunks.ts';

/** Work that a write left behind, as it stands. */
export interface Job {
  readonly id: JobId;
  readonly kind: JobKind;
  readonly status: 'RUNNING' | 'FINISHED';
  /** Chunks to embed, or documents to delete. */
  readonly total: number;
  readonly done: number;
  /** Dead letters: chunks that the provider refused for good. */
  readonly failed: number;
  readonly createdAt: Date;
  /** When something last happened; the end, where it is finished. */
  readonly updatedAt: Date;
  /** Done in a second, on the mean since the job began. */
  readonly ratePerSecond: number;
  /** What is left at that rate; null for a job that is finished, and for one of which nothing is done yet. */
  readonly secondsLeft: number | null;
}

const noJobs: readonly JobId[] = [];

/**
 * Jobs with what the outbox knows of them, newest first. What waits is looked for and not counted: how much is done, the
 * worker has counted. A function looks for it, past the access lists: it gives numbers of whole jobs.
 * @param ids all of the tenant's jobs without them.
 */
export function jobsStatement(tenantId: TenantId, { ids, limit }: { ids?: readonly JobId[]; limit: number }) {
  // Where workers are quicker than what looks for chunks, nothing waits in between, and more is to come.
  const filling = sqlBuilder
    .selectFrom('tenant_models')
    .where('tenant_models.tenant_id', '=', tenantId)
    .whereRef('tenant_models.job_id', '=', 'jobs.id' as never)
    .where('tenant_models.filled_at', 'is', null)
    .where('tenant_models.role', '<>', 'retired');
  return sqlBuilder
    .selectFrom('jobs')
    .innerJoinLateral(
      sql<{ is_waiting: boolean; failed: number }>`job_outbox(jobs.id)`.as<'outbox'>(sql`outbox (is_waiting, failed)`),
      (join) => join.onTrue(),
    )
    .select([
      sql.ref<JobId>('jobs.id').as('id'),
      sql<JobKind>`jobs.kind`.as('kind'),
      'jobs.total',
      'jobs.done',
      'jobs.created_at as createdAt',
      'jobs.updated_at as updatedAt',
      'outbox.is_waiting as isWaiting',
      'outbox.failed',
      sql<boolean>`jobs.kind = 'backfill' and exists (${filling})`.as('isFilling'),
      sql<number>`extract(epoch from now() - jobs.created_at)::float8`.as('ageSeconds'),
      sql<number>`extract(epoch from jobs.updated_at - jobs.created_at)::float8`.as('busySeconds'),
    ])
    .where('jobs.tenant_id', '=', tenantId)
    .$if(ids !== undefined, (query) => query.where('jobs.id', '=', sql<string>`any(${ids ?? noJobs}::uuid[])`))
    .orderBy('jobs.id', 'desc')
    .limit(limit);
}

type JobRow = ReturnType<typeof jobsStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

/** The tenant's jobs with these ids, in no order; those of nobody or of another tenant are not among them. */
export async function readJobs(
  deps: { readonly database: Database },
  principal: Principal,
  ids: readonly JobId[],
): Promise<Job[]> {
  const statement = jobsStatement(principal.tenantId, { ids, limit: ids.length });
  const [rows] = await readInFlight(deps.database, itemScope(principal), [statement]);
  return rows.map(toJob);
}

/** The tenant's jobs, newest first. */
export async function listJobs(
  deps: { readonly database: Database },
  principal: Principal,
  limit: number,
): Promise<Job[]> {
  const [rows] = await readInFlight(deps.database, listScope(principal), [
    jobsStatement(principal.tenantId, { limit }),
  ]);
  return rows.map(toJob);
}

/** What was embedded, less what became superfluous before its turn: a chunk that is gone is as good as done. */
function toJob({ isWaiting, isFilling, ageSeconds, busySeconds, ...row }: JobRow): Job {
  const isRunning = row.kind === 'delete' ? row.done < row.total : isWaiting || isFilling;
  const done = isRunning ? Math.min(row.done, row.total) : row.total - row.failed;
  const seconds = isRunning ? ageSeconds : busySeconds;
  const ratePerSecond = seconds > 0 ? done / seconds : 0;
  const left = row.total - done - row.failed;
  return {
    ...row,
    done,
    status: isRunning ? 'RUNNING' : 'FINISHED',
    ratePerSecond,
    secondsLeft: isRunning && ratePerSecond > 0 ? left / ratePerSecond : null,
  };
}
