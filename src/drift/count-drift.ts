import type { TenantId } from '../ids.ts';
import { isShut } from '../shut-tenant.ts';
import type { DriftKind } from './drift.ts';
import { type DriftAge, driftAge } from './drift-age.ts';
import { type DriftDeps, findDrift } from './find-drift.ts';

/** How much of one kind and age is out of step in a tenant. */
export interface DriftTally {
  readonly tenant: TenantId;
  readonly kind: DriftKind;
  readonly age: DriftAge;
  readonly count: number;
}

export interface CountDeps extends DriftDeps {
  /** Waited for when all of a tenant was looked at. */
  readonly onTenant?: (tenant: TenantId, found: readonly Omit<DriftTally, 'tenant'>[]) => Promise<void>;
}

/**
 * Counts what is out of step in tenants, one after the other. Those that are suspended or being deleted are passed by.
 * @throws what the reads throw, and what {@link DriftDeps.afterPage} rejects with.
 */
export async function countDrift(
  { onTenant, ...deps }: CountDeps,
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
      await onTenant?.(tenant, [...counts.values()]);
    } catch (error) {
      if (!isShut(error)) throw error;
      continue;
    }
    for (const tally of counts.values()) tallies.push({ tenant, ...tally });
  }
  return tallies;
}
