import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { writeAsTenant } from '../db/tenant.ts';
import type { DocumentId, JobId } from '../ids.ts';
import { lockCollectionsStatement, readCollectionSettings } from './collection-settings.ts';
import { lockDeletedStatement, unmarkDeletedStatement } from './delete-statements.ts';
import { queueChunks } from './queue-chunks.ts';
import { replaceAttributes } from './replace-attributes.ts';
import { embeddedText, replaceChunks } from './replace-chunks.ts';
import type { IngestDeps } from './write.ts';

export interface Restoration {
  readonly ids: readonly DocumentId[];
  /** Of the passages that are embedded again; null where there are none. */
  readonly jobId: JobId | null;
}

/**
 * Brings deleted documents back, as they were: found by their words at once and by meaning as soon as they are embedded again.
 * @returns those that could be brought back: neither purged nor expired, and not there anyway.
 * @throws what `checkWrite` throws.
 */
export async function restoreDocuments(
  deps: IngestDeps,
  principal: Principal,
  ids: readonly DocumentId[],
): Promise<Restoration> {
  const { tenantId, subject } = principal;
  const restored = await writeAsTenant(deps.database, principal, async (execute): Promise<Restoration> => {
    await execute(lockCollectionsStatement(tenantId, 'write'));
    const documents = await execute(lockDeletedStatement(tenantId, ids));
    if (documents.length === 0) return { ids: [], jobId: null };
    const found = documents.map(({ id }) => id);
    await execute(unmarkDeletedStatement(tenantId, found));
    const names = documents.map(({ collection }) => collection);
    const settings = await readCollectionSettings(tenantId, names, execute);
    await replaceAttributes(tenantId, found, settings, execute);
    const added = await replaceChunks(deps, tenantId, documents, settings, execute);
    const chunkIds = added.map(({ id }) => id);
    const job = { kind: 'write', createdBy: subject } as const;
    const jobId = await queueChunks(tenantId, chunkIds, job, execute);
    const content = { documents: found.length, chunks: added.length, texts: () => [added.map(embeddedText)] };
    await deps.checkWrite(principal, content, execute);
    const entry = { action: 'restoreDocuments', targetKind: 'document', targetIds: found };
    await execute(auditStatement(tenantId, entry));
    return { ids: found, jobId };
  });
  if (restored.ids.length > 0) deps.database.announceChange?.(tenantId);
  if (restored.jobId !== null) deps.onPending();
  return restored;
}
