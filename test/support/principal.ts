import type { Principal } from '../../src/auth/principal.ts';
import { parseTenantId } from '../../src/ids.ts';

const documentScopes = ['search', 'documents:read', 'documents:write'];

/** Somebody of a tenant who may search, read and write, as a verified token would make them. */
export function principalOf(tenantId: string, change: Partial<Principal> = {}): Principal {
  return { tenantId: parseTenantId(tenantId), subject: 'somebody', groups: [], scopes: documentScopes, ...change };
}
