import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import type { RecallCurve, RecallSetting } from './recall-curve.ts';

/** Puts a curve in place of the tenant's last one for the model. */
export function saveCurveStatement(tenantId: TenantId, curve: RecallCurve): Statement<unknown> {
  const values = {
    tier: curve.tier,
    chunks: curve.chunks,
    sample: curve.sample,
    settings: JSON.stringify(curve.settings),
    exact_p50_ms: curve.exact.p50Ms,
    exact_p95_ms: curve.exact.p95Ms,
    measured_at: curve.measuredAt,
  };
  return sqlBuilder
    .insertInto('recall_curves')
    .values({ tenant_id: tenantId, model_id: curve.modelId, ...values })
    .onConflict((oc) => oc.columns(['tenant_id', 'model_id']).doUpdateSet(values));
}

/**
 * Rows of each table from which a plan may be for any tenant: it is made for a two-hundredth of the table (migration 0026), so
 * for fifty rows. Made for four, it went through all of a tenant's documents for each hit; for one, it took seconds.
 */
const leastRowsToPlanOnce = 10_000;

/** As the last analysis or vacuum counted them; -1 for a table that has seen neither. */
const smallestTable = sql`select min(reltuples) from pg_class
  where oid in ('tessera.documents'::regclass, 'tessera.chunks'::regclass, 'tessera.embeddings'::regclass)`;

/** How a tenant's active model is indexed and what was measured of it, in one row; none for a tenant without vectors. */
export function tuningStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('tenant_models')
    .leftJoin('recall_curves', (join) =>
      join.on('recall_curves.tenant_id', '=', tenantId).onRef('recall_curves.model_id', '=', 'tenant_models.model_id'),
    )
    .select([
      'tenant_models.model_id as modelId',
      sql.ref<'exact' | 'hnsw'>('tenant_models.tier').as('tier'),
      'tenant_models.chunk_count as chunks',
      sql.ref<'exact' | 'hnsw' | null>('recall_curves.tier').as('curveTier'),
      'recall_curves.chunks as curveChunks',
      'recall_curves.sample',
      sql.ref<RecallSetting[] | null>('recall_curves.settings').as('settings'),
      'recall_curves.exact_p50_ms as exactP50Ms',
      'recall_curves.exact_p95_ms as exactP95Ms',
      'recall_curves.measured_at as measuredAt',
      sql<boolean>`has_access_lists()`.as('hasAccessLists'),
      sql<boolean>`(${smallestTable}) >= ${leastRowsToPlanOnce}::int`.as('mayPlanOnce'),
      sql<string[]>`array(${wordIndexes(tenantId)})`.as('wordIndexes'),
      sql<number | null>`(${countedForWords(tenantId)})`.as('countedForWords'),
    ])
    .where('tenant_models.tenant_id', '=', tenantId)
    .where('tenant_models.role', '=', 'active');
}

function wordIndexes(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('corpus_stats')
    .select('language')
    .where('tenant_id', '=', tenantId)
    .where('word_index', 'is not', null)
    .orderBy('language');
}

/**
 * Chunks of all languages together. Any worker counts them again when more than 5 % came or went, where vectors are counted only
 * by one that may build indexes.
 */
function countedForWords(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('corpus_stats')
    .select(sql<number | null>`sum(chunks)::float8`.as('chunks'))
    .where('tenant_id', '=', tenantId);
}
