import { sql } from 'kysely';
import type { TenantId } from '../ids.ts';

/** The advisory lock that every write of a tenant's documents shares, and that whoever changes what writes go by takes alone. */
export function collectionsKey(tenantId: TenantId) {
  return sql`hashtextextended(${`tessera.collections/${tenantId}`}, 0)`;
}
