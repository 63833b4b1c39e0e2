import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantDeletionId, TenantId } from '../ids.ts';

const deletions = sqlBuilder
  .selectFrom('tenant_deletions')
  .select([
    sql.ref<TenantDeletionId>('id').as('id'),
    sql.ref<TenantId>('tenant_id').as('tenantId'),
    'requested_by as requestedBy',
    'requested_at as requestedAt',
    'request_id as requestId',
    'token_id as tokenId',
    'started_at as startedAt',
    'finished_at as finishedAt',
    sql.ref<Readonly<Record<string, number>>>('erased').as('erased'),
    sql.ref<Readonly<Record<string, number>> | null>('remaining').as('remaining'),
    sql.ref<readonly string[]>('waiting_for').as('indexesToDrop'),
    sql.ref<readonly string[]>('detached').as('detachedTables'),
    'kept_revocations as keptRevocations',
    'kept_revocations_until as keptRevocationsUntil',
  ]);

export function deletionByIdStatement(id: TenantDeletionId) {
  return deletions.where('id', '=', id);
}

/** Newest first. */
export function deletionsOfTenantStatement(tenantId: TenantId, limit: number) {
  return deletions.where('tenant_id', '=', tenantId).orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(limit);
}

export function insertDeletionStatement(
  tenantId: TenantId,
  id: TenantDeletionId,
  requestedBy: string,
): Statement<unknown> {
  return sqlBuilder.insertInto('tenant_deletions').values({ tenant_id: tenantId, id, requested_by: requestedBy });
}
