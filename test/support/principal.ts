import type { Principal } from '../../src/auth/principal.ts';
import { parseTenantId } from '../../src/ids.ts';

/** Somebody of a tenant, as a verified token would make them. */
export function principalOf(tenantId: string, change: Partial<Principal> = {}): Principal {
  return { tenantId: parseTenantId(tenantId), subject: 'somebody', groups: [], scopes: [], ...change };
}
