import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import { loadKey } from '../db/load-lock.ts';
import type { TenantId } from '../ids.ts';
import type { Tier } from './decide-tier.ts';
import type { GraphTarget } from './index-kind.ts';

/** What a tenant has a model for; vectors of a retired one are not searched. */
export type ModelRole = 'active' | 'candidate' | 'retired';

/** A tenant's first model replaces none and needs no filling; another is filled once each chunk was queued or had its vector. */
const isFilled = sql<boolean>`(tenant_models.replaces is null or tenant_models.filled_at is not null)`.as('isFilled');

interface CountedRow {
  tenant_id: string;
  model_id: number;
  chunks: number;
}

/** Vectors of every tenant and model, which only this function may count; a tenant without any is not among them. */
const counts = sql<CountedRow>`tessera.embedding_counts()`.as<'counts'>(sql`counts`);

/**
 * Counts everybody's vectors and writes the numbers that have changed: a review that finds everything as it was writes
 * nothing.
 */
export function recordCountsStatement(): Statement<unknown> {
  return sqlBuilder
    .updateTable('tenant_models')
    .from((eb) =>
      eb
        .selectFrom('tenant_models as known')
        .leftJoin(counts, (join) =>
          join.onRef('counts.tenant_id', '=', 'known.tenant_id').onRef('counts.model_id', '=', 'known.model_id'),
        )
        .select(['known.tenant_id', 'known.model_id', sql<number>`coalesce(counts.chunks, 0)`.as('chunks')])
        .as('counted'),
    )
    .set((eb) => ({ chunk_count: eb.ref('counted.chunks'), counted_at: sql<Date>`now()` }))
    .whereRef('tenant_models.tenant_id', '=', 'counted.tenant_id')
    .whereRef('tenant_models.model_id', '=', 'counted.model_id')
    .whereRef('tenant_models.chunk_count', 'is distinct from', 'counted.chunks');
}

/** How every tenant is indexed, by the numbers of the last count. */
export function tierStatesStatement() {
  return sqlBuilder
    .selectFrom('tenant_models')
    .select([
      sql.ref<TenantId>('tenant_id').as('tenantId'),
      'model_id as modelId',
      sql.ref<ModelRole>('role').as('role'),
      isFilled,
      sql.ref<Tier>('tier').as('tier'),
      sql<number>`coalesce(chunk_count, 0)`.as('chunks'),
    ])
    .orderBy('tenant_id')
    .orderBy('model_id');
}

/** The same for a person: counted now, with the name of the model. Largest first. */
export function tierStatusStatement() {
  return sqlBuilder
    .selectFrom('tenant_models')
    .innerJoin('models', 'models.id', 'tenant_models.model_id')
    .leftJoin(counts, (join) =>
      join
        .onRef('counts.tenant_id', '=', 'tenant_models.tenant_id')
        .onRef('counts.model_id', '=', 'tenant_models.model_id'),
    )
    .select([
      sql.ref<TenantId>('tenant_models.tenant_id').as('tenantId'),
      'tenant_models.model_id as modelId',
      'models.name as model',
      sql.ref<ModelRole>('tenant_models.role').as('role'),
      isFilled,
      sql.ref<Tier>('tenant_models.tier').as('tier'),
      'tenant_models.tier_changed_at as tierChangedAt',
      sql<number>`coalesce(counts.chunks, 0)`.as('chunks'),
    ])
    .orderBy('chunks', 'desc')
    .orderBy('tenant_models.tenant_id')
    .orderBy('tenant_models.model_id');
}

/** Whether no load of a tenant is under way. It is asked by taking what loads share, until the end of the transaction. */
export function notLoadedStatement(tenantId: TenantId) {
  return sqlBuilder.selectNoFrom(
    sql<boolean>`pg_try_advisory_xact_lock(hashtextextended(${loadKey(tenantId)}, 0))`.as('isFree'),
  );
}

/** Tells searches how a tenant is indexed from now on. */
export function recordTierStatement(
  { tenantId, modelId }: GraphTarget,
  tier: Tier,
  index: string | null,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('tenant_models')
    .set({ tier, hnsw_index: index, tier_changed_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId);
}
