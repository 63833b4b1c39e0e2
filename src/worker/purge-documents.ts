import { sql } from 'kysely';
import { createBatchSize } from '../db/batch-size.ts';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, type Statement, transact } from '../db/database.ts';
import { type Scope, workerScope } from '../db/scope.ts';
import type { DocumentId, JobId, TenantId } from '../ids.ts';
import { unlessInactive } from './unless-inactive.ts';

/** Documents that one statement clears away, unless it takes too long for so many. */
export const documentsPerBatch = 500;

/** Removes documents that have expired, of every active tenant: their chunks and vectors go with them. */
export function purgeExpiredStatement(limit: number) {
  return purgeStatement(sql<boolean>`documents.expires_at <= now()`, limit);
}

/** Removes documents that were deleted so long ago that nobody may have them back, of every active tenant. */
export function purgeDeletedStatement(keptHours: number, limit: number) {
  return purgeStatement(sql<boolean>`documents.deleted_at <= now() - make_interval(hours => ${keptHours})`, limit);
}

/** What belongs to a tenant that is suspended stays as it is until it is resumed. */
const inactiveTenants = sqlBuilder.selectFrom('tenants').select('tenants.id').where('tenants.status', '<>', 'active');

function purgeStatement(isDue: ReturnType<typeof sql<boolean>>, limit: number) {
  return sqlBuilder
    .with('due', (db) =>
      db
        .selectFrom('documents')
        .select(['documents.tenant_id', 'documents.id'])
        .where(isDue)
        .where('documents.tenant_id', 'not in', inactiveTenants)
        .limit(limit),
    )
    .deleteFrom('documents')
    .using('due')
    .whereRef('documents.tenant_id', '=', 'due.tenant_id')
    .whereRef('documents.id', '=', 'due.id')
    .returning('documents.id');
}

/** Deletions that are not through, of every active tenant, the oldest first. */
export function deletionsStatement() {
  return sqlBuilder
    .selectFrom('jobs')
    .select([sql.ref<TenantId>('tenant_id').as('tenantId'), sql.ref<JobId>('id').as('id')])
    .where('kind', '=', 'delete')
    .whereRef('done', '<', 'total')
    .where('tenant_id', 'not in', inactiveTenants)
    .orderBy('id')
    .limit(100);
}

/** Documents whose passages a deletion has yet to clear away, locked; those in another worker's hands are passed by. */
export function deletionBatchStatement(tenantId: TenantId, jobId: JobId, limit: number) {
  return sqlBuilder
    .selectFrom('documents')
    .select(sql.ref<DocumentId>('id').as('id'))
    .where('tenant_id', '=', tenantId)
    .where('deletion', '=', jobId)
    .limit(limit)
    .forUpdate()
    .skipLocked();
}

export function clearPassagesStatement(tenantId: TenantId, ids: readonly DocumentId[]): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('chunks')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', sql<string>`any(${ids}::uuid[])`);
}

export function clearAttributesStatement(tenantId: TenantId, ids: readonly DocumentId[]): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('document_attributes')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', sql<string>`any(${ids}::uuid[])`);
}

export function noteClearedStatement(tenantId: TenantId, ids: readonly DocumentId[]): Statement<unknown> {
  return sqlBuilder
    .updateTable('documents')
    .set({ deletion: null })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`);
}

/** All that is left of a deletion is done where no document names it: others were restored or purged in between. */
export function noteDeletionStatement(tenantId: TenantId, jobId: JobId, done: number): Statement<unknown> {
  return sqlBuilder
    .updateTable('jobs')
    .set({
      done: sql<number>`case when exists (select from documents d where d.tenant_id = ${tenantId} and d.deletion = ${jobId})
        then least(done + ${done}, total) else total end`,
      updated_at: sql<Date>`now()`,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', jobId);
}

/**
 * Goes on with one batch of every deletion, and removes a batch of documents whose time is up.
 * @param keptHours how long deleted documents may be restored.
 * @param size of a batch; kept by whoever calls again.
 * @returns whether there may be more to do.
 */
export async function purgeDocuments(
  database: Database,
  keptHours: number,
  size = createBatchSize(documentsPerBatch),
): Promise<boolean> {
  const { isMore, deletions } = await size.run((most) =>
    transact(database, workerScope(), async (execute) => {
      const expired = await execute(purgeExpiredStatement(most));
      const deleted = await execute(purgeDeletedStatement(keptHours, most));
      const isMore = expired.length === most || deleted.length === most;
      return { isMore, deletions: await execute(deletionsStatement()) };
    }),
  );
  for (const { tenantId, id } of deletions) {
    const clear = size.run((most) => clearBatch(database, tenantId, id, most));
    await unlessInactive(clear, undefined);
  }
  return isMore || deletions.length > 0;
}

/** In the role of whoever writes documents, for it is their passages that go, and in their tenant alone. */
async function clearBatch(database: Database, tenantId: TenantId, jobId: JobId, most: number): Promise<void> {
  const scope: Scope = { role: 'tessera_tenant', tenantId };
  await transact(database, scope, async (execute) => {
    const batch = await execute(deletionBatchStatement(tenantId, jobId, most));
    const ids = batch.map(({ id }) => id);
    if (ids.length > 0) {
      await execute(clearPassagesStatement(tenantId, ids));
      await execute(clearAttributesStatement(tenantId, ids));
      await execute(noteClearedStatement(tenantId, ids));
    }
    await execute(noteDeletionStatement(tenantId, jobId, ids.length));
  });
  database.announceChange?.(tenantId);
}
