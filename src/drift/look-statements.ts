import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import type { DriftKind } from './drift.ts';

/** Rows that are out of step, by kind; none of a tenant that is in step. */
export type FoundDrift = { readonly [Kind in DriftKind]?: number };

/** Notes what was found of a tenant, in place of what was found before. */
export function noteLookStatement(tenantId: TenantId, found: FoundDrift): Statement<unknown> {
  return sqlBuilder
    .insertInto('drift_looks')
    .values({ tenant_id: tenantId, found: JSON.stringify(found) })
    .onConflict((oc) =>
      oc.column('tenant_id').doUpdateSet((eb) => ({
        looked_at: sql<Date>`now()`,
        found: eb.ref('excluded.found') as never,
      })),
    );
}

/**
 * Tenants that hold vectors or wait for some, those first that nobody has looked at for longest, in the operator's scope: whoever
 * is stopped in the middle goes on with the others.
 */
export function driftTenantsStatement() {
  return sqlBuilder
    .selectFrom('tenants')
    .leftJoin('drift_looks', 'drift_looks.tenant_id', 'tenants.id')
    .select(sql.ref<TenantId>('tenants.id').as('tenantId'))
    .where(hasModel)
    .orderBy(sql`drift_looks.looked_at nulls first`)
    .orderBy('tenants.id');
}

const hasModel = sql<boolean>`exists (select from tenant_models tm where tm.tenant_id = tenants.id)`;

/** Every active tenant that is looked at: how many, of how many nobody knows anything, and how old the oldest look is. In the operator's scope. */
export function looksStatement(besides: readonly TenantId[]) {
  return sqlBuilder
    .selectFrom('tenants')
    .leftJoin('drift_looks', 'drift_looks.tenant_id', 'tenants.id')
    .select([
      sql<number>`count(drift_looks.tenant_id)::int`.as('looked'),
      sql<number>`count(*) filter (where drift_looks.tenant_id is null)::int`.as('unknown'),
      sql<number | null>`extract(epoch from now() - min(drift_looks.looked_at))::float8`.as('oldestSeconds'),
      sql<number>`count(*) filter (where drift_looks.found <> '{}')::int`.as('drifted'),
    ])
    .where('tenants.status', '=', sql.lit('active'))
    .where('tenants.id', '<>', sql<string>`all(${besides}::text[])`)
    .where(hasModel);
}

/** Of those, the ones with the most that is out of step. */
export function driftedTenantsStatement(besides: readonly TenantId[], limit: number) {
  return sqlBuilder
    .selectFrom('drift_looks')
    .innerJoin('tenants', 'tenants.id', 'drift_looks.tenant_id')
    .select([
      sql.ref<TenantId>('drift_looks.tenant_id').as('tenantId'),
      sql<FoundDrift>`drift_looks.found`.as('found'),
      sql<number>`extract(epoch from now() - drift_looks.looked_at)::float8`.as('agoSeconds'),
    ])
    .where('tenants.status', '=', sql.lit('active'))
    .where('tenants.id', '<>', sql<string>`all(${besides}::text[])`)
    .where(sql<boolean>`drift_looks.found <> '{}'`)
    .orderBy(sql`(select sum(value::integer) from jsonb_each_text(drift_looks.found)) desc`)
    .orderBy('drift_looks.tenant_id')
    .limit(limit);
}
