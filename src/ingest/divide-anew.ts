import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { transact } from '../db/database.ts';
import type { Scope } from '../db/scope.ts';
import type { DocumentId, JobId, TenantId } from '../ids.ts';
import { lockCollectionsStatement, readCollectionSettings } from './collection-settings.ts';
import { queueChunks } from './queue-chunks.ts';
import { replaceChunks } from './replace-chunks.ts';
import type { IngestDeps } from './write.ts';

/** Documents that one transaction divides: of the largest, a million characters each, some 20 MB at a time. */
const documentsPerPart = 20;

/**
 * Divides documents that are embedded anew as they would be divided now, where that is otherwise than they are: chunks that stay
 * what they are keep their vectors, and those of the others stand in for new ones, as in an edit. Called by a worker for documents
 * whose chunks it is about to embed, so that a re-embedding goes on where another worker was stopped. Doing it twice changes nothing.
 * @param jobId the re-embedding, which the new chunks become a part of.
 * @param ids of documents; those that are gone are passed by.
 */
export async function divideAnew(
  deps: Pick<IngestDeps, 'database' | 'chunking'>,
  tenantId: TenantId,
  jobId: JobId,
  ids: readonly DocumentId[],
): Promise<void> {
  // In the role of whoever writes documents, for it is their passages that change, and in their tenant alone.
  const scope: Scope = { role: 'tessera_tenant', tenantId };
  for (let start = 0; start < ids.length; start += documentsPerPart) {
    const part = ids.slice(start, start + documentsPerPart);
    await transact(deps.database, scope, async (execute) => {
      await execute(lockCollectionsStatement(tenantId, 'write'));
      const documents = await execute(lockDividedStatement(tenantId, part));
      const names = documents.map(({ collection }) => collection);
      const settings = await readCollectionSettings(tenantId, names, execute);
      const added = (await replaceChunks(deps, tenantId, documents, settings, execute)).map(({ id }) => id);
      if (added.length === 0) return;
      await queueChunks(tenantId, added, { kind: 'reembed', createdBy: 'tessera', id: jobId }, execute);
    });
  }
}

/** Documents that are there, with what their chunks are made of. Locked in the order in which writes lock them. */
export function lockDividedStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('documents')
    .select([
      sql.ref<DocumentId>('id').as('id'),
      'collection',
      'external_id as externalId',
      'title',
      'body',
      'url',
      'language',
      'audience',
    ])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .orderBy(sql`collection collate "C"`)
    .orderBy(sql`external_id collate "C"`)
    .orderBy('id')
    .forUpdate();
}
