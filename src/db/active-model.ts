import { sql } from 'kysely';
import type { TenantId } from '../ids.ts';

/** The model by which a tenant is searched, as a value inside a statement; null for a tenant without any. */
export function activeModel(tenantId: TenantId) {
  return sql<number>`(select tenant_models.model_id from tenant_models
    where tenant_models.tenant_id = ${tenantId} and tenant_models.role = 'active')`;
}
