import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ApiKeyId, TenantId } from '../ids.ts';
import type { WindowKind } from '../quota.ts';

/** Stands for the tenant as a whole where the key of a row names an API key. */
const wholeTenant = '00000000-0000-0000-0000-000000000000';

/** Limits that were set for a tenant or for one of its keys; null leaves the configured one. */
export interface SetLimits {
  readonly requestsPerMinute: number | null;
  readonly costPointsPerMinute: number | null;
  readonly embeddingTokensPerDay: number | null;
  readonly documents: number | null;
  readonly chunks: number | null;
}

export interface LimitsRow extends SetLimits {
  readonly tenantId: TenantId;
  /** Null for the tenant as a whole. */
  readonly keyId: ApiKeyId | null;
}

const limitColumns = {
  requestsPerMinute: 'requests_per_minute',
  costPointsPerMinute: 'cost_points_per_minute',
  embeddingTokensPerDay: 'embedding_tokens_per_day',
  documents: 'documents',
  chunks: 'chunks',
} as const satisfies Record<keyof SetLimits, string>;

const limitSelection = [
  sql.ref<TenantId>('tenant_id').as('tenantId'),
  sql.ref<ApiKeyId | null>('api_key_id').as('keyId'),
  sql.ref<number | null>('requests_per_minute').as('requestsPerMinute'),
  sql.ref<number | null>('cost_points_per_minute').as('costPointsPerMinute'),
  sql.ref<number | null>('embedding_tokens_per_day').as('embeddingTokensPerDay'),
  sql.ref<number | null>('documents').as('documents'),
  sql.ref<number | null>('chunks').as('chunks'),
] as const;

/** Limits of every tenant that were set in the last `seconds`; all there are without them. Through the meter's function. */
export function limitsSinceStatement(seconds: number | undefined): Statement<LimitsRow> {
  const moment = seconds === undefined ? sql`'-infinity'` : sql`now() - make_interval(secs => ${seconds})`;
  return sqlBuilder
    .selectFrom(sql<Record<string, never>>`quota_limits_since(${moment})`.as('changed'))
    .select(limitSelection as never) as Statement<LimitsRow>;
}

/** Limits as they were set, for the operator. */
export function limitsStatement(tenantId: TenantId, keyId: ApiKeyId | undefined): Statement<LimitsRow> {
  return sqlBuilder
    .selectFrom('quota_limits')
    .select(limitSelection)
    .where('tenant_id', '=', tenantId)
    .where('key_id', '=', keyId ?? wholeTenant);
}

/** Sets the limits that are given, and leaves the others. */
export function setLimitsStatement(
  tenantId: TenantId,
  keyId: ApiKeyId | undefined,
  change: Partial<SetLimits>,
): Statement<LimitsRow> {
  const columns = Object.fromEntries(
    Object.entries(change).map(([kind, value]) => [limitColumns[kind as keyof SetLimits], value]),
  );
  return sqlBuilder
    .insertInto('quota_limits')
    .values({ tenant_id: tenantId, key_id: keyId ?? wholeTenant, ...columns })
    .onConflict((oc) =>
      oc.columns(['tenant_id', 'key_id']).doUpdateSet({ ...columns, updated_at: sql<Date>`clock_timestamp()` }),
    )
    .returning(limitSelection);
}

/** A tenant that nobody has heard of yet may be limited before it comes. */
export function registerLimitedTenantStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder
    .insertInto('tenants')
    .values({ id: tenantId })
    .onConflict((oc) => oc.column('id').doNothing());
}

/** A row for a tenant that was deleted, or is being deleted, and was not created anew. */
export function deletedTenantStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('tenant_deletions')
    .select('tenant_id as tenantId')
    .where('tenant_id', '=', tenantId)
    .where('lifted_at', 'is', null);
}

/** What is wanted of a window. */
export interface WantedQuota {
  /** Absent: of the tenant's own limit. */
  readonly keyId?: ApiKeyId | undefined;
  readonly kind: WindowKind;
  /** Less than this is of no use. */
  readonly atLeast: number;
  readonly wished: number;
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface GrantedQuota {
  readonly granted: number;
  /** Of the whole window, by everybody, this included. */
  readonly used: number;
  readonly endsInMs: number;
}

/** Takes some of a limit of the scope's tenant. */
export function takeQuotaStatement(wanted: WantedQuota): Statement<GrantedQuota> {
  const { keyId = wholeTenant, kind, atLeast, wished, limit, windowSeconds } = wanted;
  return sqlBuilder
    .selectFrom(
      sql<{
        granted: number;
        used: number;
        ends_in_ms: number;
      }>`take_quota(${keyId}::uuid, ${kind}, ${atLeast}, ${wished}, ${limit}, ${windowSeconds})`.as('taken'),
    )
    .select(['taken.granted', 'taken.used', 'taken.ends_in_ms as endsInMs']);
}

/** What was set for the scope's tenant of what it stores; null leaves the configured limit. Through the meter's function. */
export function storageLimitsStatement(): Statement<Pick<SetLimits, 'documents' | 'chunks'>> {
  return sqlBuilder
    .selectFrom(sql<Pick<SetLimits, 'documents' | 'chunks'>>`storage_limits()`.as('set'))
    .select(['set.documents', 'set.chunks']);
}

/**
 * Makes writes of a tenant whose storage is limited wait for one another, from here to their commits. Its own statement: what
 * is counted behind it must be counted after the wait.
 */
export function lockStorageStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder.selectNoFrom(
    sql<unknown>`pg_advisory_xact_lock(hashtextextended(${`tessera.storage/${tenantId}`}, 0))`.as('locked'),
  );
}

/**
 * How much of a table a tenant stores, with what this transaction has added. Documents that are deleted or have expired count
 * no more: they are few and have indexes of their own, so that the count is still one of an index.
 */
export function storedStatement(tenantId: TenantId, table: 'documents' | 'chunks') {
  const counted = sqlBuilder.selectFrom(table).where('tenant_id', '=', tenantId);
  if (table === 'chunks') return counted.select(sql<number>`count(*)::int`.as('stored'));
  return counted.select(
    sql<number>`count(*)::int
      - (select count(*)::int from documents d where d.tenant_id = ${tenantId} and d.deleted_at is not null)
      - (select count(*)::int from documents d where d.tenant_id = ${tenantId} and d.deleted_at is null and d.expires_at <= now())`.as(
      'stored',
    ),
  );
}
