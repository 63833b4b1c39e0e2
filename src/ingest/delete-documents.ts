import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import type { Execute } from '../db/database.ts';
import { writeAsTenant } from '../db/tenant.ts';
import { Refusal } from '../errors.ts';
import type { DocumentFilter } from '../filter.ts';
import { type DocumentId, type JobId, newJobId, type TenantId } from '../ids.ts';
import { deleteAttributesStatement } from './attribute-statements.ts';
import {
  deleteChunksOfStatement,
  deleteDocumentsStatement,
  forgetDeletionStatement,
  markDeletedStatement,
  markMatchingDeletedStatement,
} from './delete-statements.ts';
import { insertJobStatement } from './queue-chunks.ts';
import type { IngestDeps } from './write.ts';

/** Documents whose passages go in the transaction that deletes them; those of more are left to the worker. */
const mostAtOnce = 200;
/** Documents that one deletion by filter takes: they are marked in one statement. */
const mostByFilter = 20_000;

/**
 * Deletes documents in one transaction: nobody sees them from then on. They can be restored until the worker purges them.
 * @param permanently removes them for good, those that were deleted before included.
 * @returns the ids that were there and are gone; ids of nobody's or of another tenant's documents are simply not among them.
 */
export async function deleteDocuments(
  deps: Pick<IngestDeps, 'database'>,
  principal: Principal,
  ids: readonly DocumentId[],
  { permanently = false } = {},
): Promise<DocumentId[]> {
  const { tenantId } = principal;
  const deleted = await writeAsTenant(deps.database, principal, async (execute) => {
    const statement = permanently ? deleteDocumentsStatement(tenantId, ids) : markDeletedStatement(tenantId, ids);
    const targetIds = idsOf(await execute(statement));
    if (targetIds.length === 0) return [];
    if (!permanently) await clearChunks(tenantId, targetIds, execute);
    const entry = { action: 'deleteDocuments', targetKind: 'document', targetIds, details: { permanently } };
    await execute(auditStatement(tenantId, entry));
    return targetIds;
  });
  // What was behind them moves up.
  if (deleted.length > 0) deps.database.announceChange?.(tenantId);
  return deleted;
}

export interface FilteredDeletion {
  readonly deleted: number;
  /** Of the passages that are still to be cleared away; null where they are gone. */
  readonly jobId: JobId | null;
  /** Whether there are more such documents. */
  readonly hasMore: boolean;
}

/**
 * Deletes the documents that a filter selects, the oldest 20,000 of them, in one transaction: nobody sees them from then on. The
 * passages of many are cleared away by the worker.
 * @throws {Refusal} `BAD_USER_INPUT` for a filter that selects everything.
 */
export async function deleteByFilter(
  deps: Pick<IngestDeps, 'database' | 'onPending'>,
  principal: Principal,
  filter: DocumentFilter,
): Promise<FilteredDeletion> {
  if (!hasCondition(filter)) {
    throw new Refusal(
      'BAD_USER_INPUT',
      'The filter is empty and would delete every document. Give at least one condition, such as { collection: { eq: "drafts" } }.',
    );
  }
  const { tenantId, subject } = principal;
  const result = await writeAsTenant(deps.database, principal, async (execute): Promise<FilteredDeletion> => {
    const jobId = newJobId();
    const deleted = idsOf(await execute(markMatchingDeletedStatement(tenantId, filter, jobId, mostByFilter)));
    const hasMore = deleted.length === mostByFilter;
    if (deleted.length === 0) return { deleted: 0, jobId: null, hasMore };
    const entry = { action: 'deleteByFilter', targetKind: 'document', targetIds: deleted };
    await execute(auditStatement(tenantId, entry));
    if (deleted.length <= mostAtOnce) {
      await clearChunks(tenantId, deleted, execute);
      await execute(forgetDeletionStatement(tenantId, jobId));
      return { deleted: deleted.length, jobId: null, hasMore };
    }
    await execute(insertJobStatement(tenantId, { id: jobId, kind: 'delete', createdBy: subject }, deleted.length));
    return { deleted: deleted.length, jobId, hasMore };
  });
  if (result.deleted > 0) deps.database.announceChange?.(tenantId);
  if (result.jobId !== null) deps.onPending();
  return result;
}

/** False for a filter of nothing but empty parts. */
function hasCondition(filter: unknown): boolean {
  if (filter instanceof Date || typeof filter !== 'object' || filter === null) return true;
  return Object.values(filter).some(hasCondition);
}

/** What is left is what brings them back. */
async function clearChunks(tenantId: TenantId, ids: readonly DocumentId[], execute: Execute): Promise<void> {
  if (ids.length === 0) return;
  await execute(deleteChunksOfStatement(tenantId, ids));
  await execute(deleteAttributesStatement(tenantId, ids));
}

function idsOf(rows: readonly { readonly id: string }[]): DocumentId[] {
  return rows.map(({ id }) => id as DocumentId);
}
