import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { sqlBuilder } from '../db/compile.ts';
import { writeAsTenant } from '../db/tenant.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import type { IngestDeps } from './upsert-documents.ts';

/** Chunks, vectors and jobs go with their document. */
export function deleteDocumentsStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .deleteFrom('documents')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .returning('id');
}

/**
 * Deletes documents in one transaction.
 * @returns the ids that were there and are gone; ids of nobody's or of another tenant's documents are simply not among them.
 */
export async function deleteDocuments(
  deps: Pick<IngestDeps, 'database'>,
  principal: Principal,
  ids: readonly DocumentId[],
): Promise<DocumentId[]> {
  const { tenantId } = principal;
  const deleted = await writeAsTenant(deps.database, principal, async (execute) => {
    const rows = await execute(deleteDocumentsStatement(tenantId, ids));
    const targetIds = rows.map(({ id }) => id as DocumentId);
    if (targetIds.length > 0) {
      await execute(auditStatement(tenantId, { action: 'deleteDocuments', targetKind: 'document', targetIds }));
    }
    return targetIds;
  });
  // What was behind them moves up.
  if (deleted.length > 0) deps.database.announceChange?.(tenantId);
  return deleted;
}
