import { type Database, readInFlight } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import { isShut } from '../shut-tenant.ts';
import type { DriftKind } from './drift.ts';
import { type DriftAge, driftAge } from './drift-age.ts';
import { driftTenantsStatement } from './drift-statements.ts';
import { type DriftDeps, findDrift } from './find-drift.ts';

/** How much of one kind and age is out of step in a tenant. */
export interface DriftTally {
  readonly tenant: TenantId;
  readonly kind: DriftKind;
  readonly age: DriftAge;
  readonly count: number;
}

/**
 * Tenants that hold vectors or wait for some.
 * @param database of a login that may take the operator's role: a worker's own sees no list of tenants.
 */
export async function readDriftTenants(database: Database): Promise<TenantId[]> {
  const [rows] = await readInFlight(database, operatorScope, [driftTenantsStatement()]);
  return rows.map(({ tenantId }) => tenantId);
}

/**
 * Counts what is out of step in tenants, one after the other. Those that are suspended or being deleted are passed by.
 * @throws what the reads throw, and what {@link DriftDeps.afterPage} rejects with.
 */
export async function countDrift(
  deps: DriftDeps,
  tenants: readonly TenantId[],
  nowMs = Date.now,
): Promise<DriftTally[]> {
  const tallies: DriftTally[] = [];
  for (const tenant of tenants) {
    const counts = new Map<string, { kind: DriftKind; age: DriftAge; count: number }>();
    try {
      for await (const { kind, since } of findDrift(deps, tenant)) {
        const age = driftAge(nowMs() - since.getTime());
        const tally = counts.get(`${kind} ${age}`) ?? { kind, age, count: 0 };
        tally.count++;
        counts.set(`${kind} ${age}`, tally);
      }
    } catch (error) {
      if (!isShut(error)) throw error;
      continue;
    }
    for (const tally of counts.values()) tallies.push({ tenant, ...tally });
  }
  return tallies;
}
