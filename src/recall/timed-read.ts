import { type Database, readInFlight, type Statement } from '../db/database.ts';
import type { Scope, ScopeSettings } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';

/**
 * The scope of a tenant's own searches, but for its access lists: what is measured is the whole tenant, so it reads as the
 * role that sees all of it. Transactions that read cannot write.
 */
export function measuringScope(tenantId: TenantId, settings?: ScopeSettings): Scope {
  return { role: 'tessera_tenant', tenantId, subject: 'tessera tune', ...(settings && { settings }) };
}

/** Reads in one flight and says how long the flight took, begin and commit included. */
export async function timedRead<Row>(
  database: Database,
  tenantId: TenantId,
  statement: Statement<Row>,
  efSearch?: number,
): Promise<{ readonly rows: Row[]; readonly tookMs: number }> {
  const scope = measuringScope(tenantId, efSearch === undefined ? undefined : { 'hnsw.ef_search': efSearch });
  const startedMs = performance.now();
  const [rows] = await readInFlight(database, scope, [statement]);
  return { rows: rows as Row[], tookMs: performance.now() - startedMs };
}
