import { type Database, readInFlight, transact } from '../db/database.ts';
import { operatorScope, workerScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import type { DriftKind } from './drift.ts';
import {
  driftedTenantsStatement,
  driftTenantsStatement,
  type FoundDrift,
  looksStatement,
  noteLookStatement,
} from './look-statements.ts';

/** Tenants that are named; the others are counted. */
const mostNamed = 5;

/**
 * Tenants that hold vectors or wait for some, those first that nobody has looked at for longest.
 * @param database of a login that may take the operator's role: a worker's own sees no list of tenants.
 */
export async function readDriftTenants(database: Database): Promise<TenantId[]> {
  const [rows] = await readInFlight(database, operatorScope, [driftTenantsStatement()]);
  return rows.map(({ tenantId }) => tenantId);
}

/** Notes what is out of step in a tenant now. @param database connected as the worker's login. */
export async function noteLook(
  database: Database,
  tenantId: TenantId,
  counts: Iterable<{ readonly kind: DriftKind; readonly count: number }>,
): Promise<void> {
  const found: { [Kind in DriftKind]?: number } = {};
  for (const { kind, count } of counts) found[kind] = (found[kind] ?? 0) + count;
  await transact(database, workerScope(tenantId), (execute) => execute(noteLookStatement(tenantId, found)));
}

/** What the last look at each tenant found. */
export interface DriftLooks {
  /** Active tenants that somebody has looked at. */
  readonly looked: number;
  /** Those that nobody has looked at yet. */
  readonly unknown: number;
  /** Age of the oldest of the looks; null where there is none. */
  readonly oldestSeconds: number | null;
  /** Tenants that were out of step. */
  readonly drifted: number;
  /** Of these, some with the most that is out of step. */
  readonly worst: readonly { readonly tenantId: TenantId; readonly found: FoundDrift; readonly agoSeconds: number }[];
}

/**
 * Reads what is known of every active tenant.
 * @param database of a login that may take the operator's role.
 * @param besides tenants of which more is known, which are left out.
 */
export async function readLooks(database: Database, besides: readonly TenantId[]): Promise<DriftLooks> {
  const [[counts], worst] = await readInFlight(database, operatorScope, [
    looksStatement(besides),
    driftedTenantsStatement(besides, mostNamed),
  ]);
  if (!counts) throw new Error('A count of the looks for drift came back empty.');
  return { ...counts, worst };
}
