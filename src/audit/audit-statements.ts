import { sqlBuilder } from '../db/compile.ts';
import type { TenantId } from '../ids.ts';

/** Which rows of the audit log; what is absent is no condition. */
export interface AuditFilter {
  readonly action?: string;
  /** The subject. */
  readonly actor?: string;
  /** From then on. */
  readonly since?: Date;
  /** Before then. */
  readonly until?: Date;
}

export interface AuditListing extends AuditFilter {
  /** Ids below this one only: ids grow with time. */
  readonly after?: string;
  readonly limit: number;
}

/** A tenant's audit log, newest first, by the primary key. */
export function auditLogStatement(tenantId: TenantId, listing: AuditListing) {
  const { action, actor, since, until, after, limit } = listing;
  return sqlBuilder
    .selectFrom('audit_log')
    .select([
      'id',
      'at',
      'action',
      'subject',
      'key_id as keyId',
      'token_id as tokenId',
      'by_operator as byOperator',
      'request_id as requestId',
      'target_kind as targetKind',
      'target_ids as targetIds',
      'target_count as targetCount',
      'details',
    ])
    .where('tenant_id', '=', tenantId)
    .$if(action !== undefined, (query) => query.where('action', '=', action as string))
    .$if(actor !== undefined, (query) => query.where('subject', '=', actor as string))
    .$if(since !== undefined, (query) => query.where('at', '>=', since as Date))
    .$if(until !== undefined, (query) => query.where('at', '<', until as Date))
    .$if(after !== undefined, (query) => query.where('id', '<', after as string))
    .orderBy('id', 'desc')
    .limit(limit);
}
