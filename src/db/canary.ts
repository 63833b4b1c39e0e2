import { parseTenantId, type TenantId } from '../ids.ts';
import { sqlBuilder } from './compile.ts';
import { type Database, readInFlight } from './database.ts';
import type { LoginFault } from './login-faults.ts';

/** Two tenants that do not exist and have a canary each; migration `tenant_lifecycle` sets them. */
const [own, other] = ['tessera-canary-1', 'tessera-canary-2'].map(parseTenantId) as [TenantId, TenantId];

/** Canaries that a scope sees, of two tenants at most. Without the predicate that other statements have: the policy alone must hold. */
export function visibleCanariesStatement() {
  return sqlBuilder.selectFrom('canaries').select('tenant_id as tenantId').orderBy('tenant_id').limit(2);
}

/**
 * Looks from one tenant's scope for the canaries of all others, as requests read: in one flight. It sees its own and no
 * other where tenants are kept apart, whatever the catalog says of the policies.
 * @returns what is wrong; nothing where the one that must be seen is seen alone.
 */
export async function readCanaryFaults(database: Database): Promise<LoginFault[]> {
  const scope = { role: 'tessera_reader', tenantId: own } as const;
  const [rows] = await readInFlight(database, scope, [visibleCanariesStatement()]);
  const strangers = rows.filter(({ tenantId }) => tenantId !== own);
  if (strangers.length > 0) {
    const fix =
      'Stop serving, and run "tessera doctor": a policy was changed, row-level security is off, or connections are not given the scope that they ask for.';
    return [{ fault: `a tenant sees the canary of another (${own} sees that of ${strangers[0]?.tenantId})`, fix }];
  }
  if (rows.length === 1) return [];
  const fix = `Create the policies of tessera.canaries again as the file in migrations/ that creates the table has them, and the rows ${own} and ${other}.`;
  return [{ fault: `a tenant does not see its own canary (${own})`, fix }];
}
