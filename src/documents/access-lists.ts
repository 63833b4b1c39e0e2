import { sql } from 'kysely';
import type { AccessList } from '../access-list.ts';
import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import { readInFlight } from '../db/database.ts';
import { authorScope } from '../db/scope.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import type { DocumentDeps } from './read-documents.ts';

/** The access lists of documents that have one. */
export function accessListsStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('documents')
    .innerJoin('audiences', 'audiences.id', 'documents.audience')
    .select([sql.ref<DocumentId>('documents.id').as('id'), 'audiences.users', 'audiences.groups'])
    .where('documents.tenant_id', '=', tenantId)
    .where('audiences.tenant_id', '=', tenantId)
    .where('documents.id', '=', sql<string>`any(${ids}::uuid[])`);
}

/** Access lists by document id, for writers; a document that the whole tenant may see, or that the caller may not, is absent. */
export async function readAccessLists(
  deps: DocumentDeps,
  principal: Principal,
  ids: readonly DocumentId[],
): Promise<Map<DocumentId, AccessList>> {
  const statement = accessListsStatement(principal.tenantId, ids);
  const [rows] = await readInFlight(deps.database, authorScope(principal), [statement]);
  return new Map(rows.map(({ id, users, groups }) => [id, { users, groups }]));
}
