import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Execute } from '../db/database.ts';
import { Refusal } from '../errors.ts';
import { type ChunkId, type JobId, newJobId, type TenantId } from '../ids.ts';
import { insertJobsStatement } from './upsert-statements.ts';

/** What a job is for. */
export type JobKind = 'write' | 'reembed' | 'delete' | 'backfill';

export interface NewJob {
  readonly kind: JobKind;
  readonly createdBy: string;
  /** An earlier job that this is another part of; a new one without it. */
  readonly id?: JobId;
  /** For which the chunks are the writer's to bring vectors for, and no worker's; none without it. */
  readonly leaseSeconds?: number | undefined;
}

/** Chunks that one statement queues: far below what a list parameter may hold. */
const chunksPerStatement = 5_000;

/** A write that leaves more chunks to embed is bulk: a call or two of a provider, a new title of a document of a hundred. */
const mostOfEdit = 100;

export function insertJobStatement(
  tenantId: TenantId,
  { id, kind, createdBy }: NewJob & { readonly id: JobId },
  total: number,
) {
  return sqlBuilder
    .insertInto('jobs')
    .values({ tenant_id: tenantId, id, kind, total, created_by: createdBy })
    .returning(sql.ref<JobId>('id').as('id'));
}

/** Only a job of the same kind, whoever made it. */
export function extendJobStatement(tenantId: TenantId, id: JobId, kind: JobKind, more: number) {
  return sqlBuilder
    .updateTable('jobs')
    .set({ total: sql<number>`total + ${more}`, updated_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('kind', '=', kind)
    .returning(sql.ref<JobId>('id').as('id'));
}

/**
 * Leaves the duty to embed chunks by each of the tenant's models, as part of a job that callers can follow: it counts the active one.
 * A small write that is no part of another is an edit, which does not wait for the end of what its tenant loads in bulk.
 * @returns the job; null where there is nothing to do and no job was named.
 * @throws {Refusal} `BAD_USER_INPUT` when the job that was named is none.
 */
export async function queueChunks(
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  job: NewJob,
  execute: Execute,
): Promise<JobId | null> {
  if (chunkIds.length === 0 && job.id === undefined) return null;
  const id = await openJob(tenantId, job, chunkIds.length, execute);
  // However small a part of something larger is, there are many of it.
  const isBulk = job.id !== undefined || job.kind !== 'write' || chunkIds.length > mostOfEdit;
  await queueUnder(id, tenantId, chunkIds, { isBulk, leaseSeconds: job.leaseSeconds }, execute);
  return id;
}

/** The same as part of a job that is there and counts them, or of none. */
export async function queueUnder(
  jobId: JobId | null,
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  { isBulk, leaseSeconds }: { readonly isBulk: boolean; readonly leaseSeconds?: number | undefined },
  execute: Execute,
): Promise<void> {
  for (let start = 0; start < chunkIds.length; start += chunksPerStatement) {
    const part = chunkIds.slice(start, start + chunksPerStatement);
    await execute(insertJobsStatement(tenantId, part, jobId, isBulk, leaseSeconds));
  }
}

async function openJob(tenantId: TenantId, job: NewJob, total: number, execute: Execute): Promise<JobId> {
  const { id = newJobId(), kind } = job;
  const [opened] = await execute(
    job.id === undefined
      ? insertJobStatement(tenantId, { ...job, id }, total)
      : extendJobStatement(tenantId, id, kind, total),
  );
  if (opened) return opened.id;
  throw new Refusal('BAD_USER_INPUT', `There is no job of this kind with the id that was given.`);
}
