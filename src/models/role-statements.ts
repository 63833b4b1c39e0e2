import { sql } from 'kysely';
import { collectionsKey } from '../db/collections-key.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';

/** What a tenant has a model for: searches look at the active one, and a candidate is kept current beside it. */
export type ModelRole = 'active' | 'candidate' | 'retired';

/** Where gateways listen for cut-overs: the tenant, or nothing for all. */
export const modelChannel = 'tessera_models';

/** Tells gateways at commit that a tenant, or any, is searched by another model. */
export function announceModelsStatement(tenantId: TenantId | undefined): Statement<unknown> {
  return sqlBuilder.selectNoFrom(sql`pg_notify(${modelChannel}, ${tenantId ?? ''})`.as('announced'));
}

/** Waits for the writes of a tenant that are under way, and keeps others waiting until the transaction ends. */
export function lockWritesStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder.selectNoFrom(sql`pg_advisory_xact_lock(${collectionsKey(tenantId)})`.as('locked'));
}

/** What the models of some tenants are, without counting anything; of every tenant without them. */
export function modelRolesStatement(tenants: readonly TenantId[] | undefined) {
  return sqlBuilder
    .selectFrom('tenant_models')
    .innerJoin('models', 'models.id', 'tenant_models.model_id')
    .select([
      sql.ref<TenantId>('tenant_models.tenant_id').as('tenantId'),
      'tenant_models.model_id as modelId',
      'models.name',
      'models.dimensions',
      sql.ref<ModelRole>('tenant_models.role').as('role'),
      'tenant_models.tier',
      'tenant_models.hnsw_index as graph',
      'tenant_models.replaces',
      'tenant_models.job_id as jobId',
      'tenant_models.filled_at as filledAt',
      'tenant_models.emptied_at as emptiedAt',
    ])
    .$if(tenants !== undefined, (query) =>
      query.where('tenant_models.tenant_id', '=', sql<string>`any(${tenants ?? []}::text[])`),
    )
    .orderBy('tenant_models.tenant_id')
    .orderBy('tenant_models.model_id');
}

/** The same, locked, so that nobody else changes them before the transaction ends. */
export function lockRolesStatement(tenants: readonly TenantId[] | undefined) {
  return modelRolesStatement(tenants).forUpdate('tenant_models');
}

export interface ModelCounts {
  readonly tenantId: TenantId;
  readonly modelId: number;
  readonly vectors: number;
  /** Chunks that wait for a vector. */
  readonly waiting: number;
  /** Chunks that the provider refused for good. */
  readonly dead: number;
  /** Chunks with which the active model is through, and a candidate is not. */
  readonly missing: number;
}

/** Counts what each model of some tenants has, past the policies: some 0.5 s for each million vectors. */
export function modelCountsStatement(tenants: readonly TenantId[]): Statement<ModelCounts> {
  const query = sql<ModelCounts>`select c.tenant_id as "tenantId", c.model_id as "modelId", c.vectors, c.waiting, c.dead, c.missing
    from tessera.model_counts(${tenants}::text[]) c`;
  return { compile: () => query.compile(sqlBuilder) };
}

/**
 * Adds a model beside the active one, or takes one that was retired and emptied once more. Of a graph that it had nothing is
 * known: it may have been dropped since by whoever retired it, and if it stands it holds nothing. A review finds out.
 */
export function addCandidateStatement(tenantId: TenantId, modelId: number, replaces: number): Statement<unknown> {
  const anew = {
    role: 'candidate' as const,
    replaces,
    role_changed_at: sql<Date>`now()`,
    job_id: null,
    filled_to: null,
    filled_at: null,
    emptied_at: null,
    tier: 'exact' as const,
    hnsw_index: null,
    tier_changed_at: sql<Date>`now()`,
    chunk_count: null,
    counted_at: null,
  };
  return sqlBuilder
    .insertInto('tenant_models')
    .values({ tenant_id: tenantId, model_id: modelId, role: 'candidate', replaces })
    .onConflict((oc) => oc.columns(['tenant_id', 'model_id']).doUpdateSet(anew));
}

/** The active model is a tenant's first once more: what it came in the place of is retired. */
export function forgetReplacedStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder
    .updateTable('tenant_models')
    .set({ replaces: null })
    .where('tenant_id', '=', tenantId)
    .where('role', '=', 'active');
}

/** Gives models another role, one of each of some tenants, as two lists of the same length. */
export function changeRolesStatement(
  tenants: readonly TenantId[],
  modelIds: readonly number[],
  role: ModelRole,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('tenant_models')
    .set({ role, role_changed_at: sql<Date>`now()` })
    .where(sql<boolean>`(tenant_id, model_id) in (select * from unnest(${tenants}::text[], ${modelIds}::smallint[]))`);
}

/** What was measured of a model, which tells nothing of the same model added again. */
export function deleteCurveStatement(tenantId: TenantId, modelId: number): Statement<unknown> {
  return sqlBuilder.deleteFrom('recall_curves').where('tenant_id', '=', tenantId).where('model_id', '=', modelId);
}
