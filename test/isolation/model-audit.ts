import type { AuditRow, ModelTenant } from './model.ts';
import type { Caller } from './world.ts';

/** Puts down in the model what a caller did to a tenant: its own, unless it is an operator. */
export function noteAudit(
  { tenant, subject, keyId }: Caller,
  entry: Pick<AuditRow, 'action' | 'targetKind' | 'targetIds'>,
  ofTenant: ModelTenant = tenant,
): void {
  ofTenant.audit.push({ id: '', subject, keyId, byOperator: entry.action === 'setTenantLimits', ...entry });
}
