import { newAuditId, type TenantId } from '../ids.ts';
import { sqlBuilder } from './compile.ts';
import type { Statement } from './database.ts';

/** What was done, to what. By whom, when and in which request, the scope of the transaction says. */
export interface AuditEntry {
  /** The mutation, by its name in the schema. */
  readonly action: string;
  /** What its ids are ids of, in camel case, such as `document` or `apiKey`. */
  readonly targetKind: string;
  /** Every one of them; the first 200 are kept, with their number. */
  readonly targetIds: readonly string[];
  /** Names, numbers and settings, 8 KiB as JSON at most. Never text of a document, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const mostIds = 200;

/**
 * Puts down a change in the audit log, to be sent in the transaction that makes it: a scope that writes, of a principal.
 * A mutation that changed nothing has nothing to put down.
 * @param tenantId whose data was changed; for an operator, the tenant that it was done to, which must be registered.
 */
export function auditStatement(
  tenantId: TenantId,
  { action, targetKind, targetIds, details = {} }: AuditEntry,
): Statement<unknown> {
  return sqlBuilder.insertInto('audit_log').values({
    tenant_id: tenantId,
    id: newAuditId(),
    action,
    target_kind: targetKind,
    target_ids: JSON.stringify(targetIds.slice(0, mostIds)),
    target_count: targetIds.length,
    details: JSON.stringify(details),
  });
}
