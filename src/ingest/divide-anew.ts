import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Execute, type Statement, transact } from '../db/database.ts';
import type { Scope } from '../db/scope.ts';
import type { DocumentId, JobId, TenantId } from '../ids.ts';
import { QuotaExceededError } from '../quota.ts';
import { lockCollectionsStatement, readCollectionSettings, undeclared } from './collection-settings.ts';
import { queueChunks, queueUnder } from './queue-chunks.ts';
import { dividedColumns, replaceChunks } from './replace-chunks.ts';
import { documentHash } from './resolve-documents.ts';
import type { IngestDeps } from './write.ts';

/** Documents that one transaction divides: of the largest, a million characters each, some 20 MB at a time. */
const documentsPerPart = 20;

/** What documents are divided anew with. */
export interface DivideAnewDeps extends Pick<IngestDeps, 'database' | 'chunking'> {
  /** Keeps what is divided within the tenant's limits: called in its transaction with how many chunks came. What it throws undoes it. */
  readonly checkStored?: (
    of: { readonly tenantId: TenantId },
    added: { readonly documents: number; readonly chunks: number },
    execute: Execute,
  ) => Promise<void>;
}

/**
 * Divides documents that are embedded anew as they would be divided now, where that is otherwise than they are: chunks that stay
 * what they are keep their vectors, and those of the others stand in for new ones, as in an edit. Called by a worker for documents
 * whose chunks it is about to embed, so that a re-embedding goes on where another worker was stopped, and for those whose chunks
 * were found not to be theirs. Doing it twice changes nothing.
 * @param jobId the re-embedding, which the new chunks become a part of; null for none.
 * @param ids of documents; those that are gone are passed by.
 * @returns why documents stay as they are: divided anew, their tenant would have more chunks than it may.
 */
export async function divideAnew(
  deps: DivideAnewDeps,
  tenantId: TenantId,
  jobId: JobId | null,
  ids: readonly DocumentId[],
): Promise<ReadonlyMap<DocumentId, string>> {
  const refused = new Map<DocumentId, string>();
  for (let start = 0; start < ids.length; start += documentsPerPart) {
    const part = ids.slice(start, start + documentsPerPart);
    try {
      await dividePart(deps, tenantId, jobId, part);
    } catch (error) {
      if (!(error instanceof QuotaExceededError)) throw error;
      // Some of them may fit, and those that come to fewer chunks make room.
      for (const id of part) await refuseUnlessFits(deps, tenantId, jobId, id, refused);
    }
  }
  return refused;
}

async function refuseUnlessFits(
  deps: DivideAnewDeps,
  tenantId: TenantId,
  jobId: JobId | null,
  id: DocumentId,
  refused: Map<DocumentId, string>,
): Promise<void> {
  try {
    await dividePart(deps, tenantId, jobId, [id]);
  } catch (error) {
    if (!(error instanceof QuotaExceededError)) throw error;
    refused.set(id, error.message);
  }
}

function dividePart(
  deps: DivideAnewDeps,
  tenantId: TenantId,
  jobId: JobId | null,
  part: readonly DocumentId[],
): Promise<void> {
  // In the role of whoever writes documents, for it is their passages that change, and in their tenant alone.
  const scope: Scope = { role: 'tessera_tenant', tenantId };
  return transact(deps.database, scope, async (execute) => {
    await execute(lockCollectionsStatement(tenantId, 'write'));
    const documents = await execute(lockDividedStatement(tenantId, part));
    const names = documents.map(({ collection }) => collection);
    const settings = await readCollectionSettings(tenantId, names, execute);
    // One that comes again as it is stored is then unchanged.
    const hashes = documents.map((one) => {
      return { id: one.id, hash: documentHash(one, settings.get(one.collection) ?? undeclared) };
    });
    await execute(renewHashesStatement(tenantId, hashes));
    const added = (await replaceChunks(deps, tenantId, documents, settings, execute)).map(({ id }) => id);
    if (added.length === 0) return;
    if (jobId === null) await queueUnder(null, tenantId, added, { isBulk: true }, execute);
    else await queueChunks(tenantId, added, { kind: 'reembed', createdBy: 'tessera', id: jobId }, execute);
    await deps.checkStored?.({ tenantId }, { documents: 0, chunks: added.length }, execute);
  });
}

/** Documents that are there, with what their chunks are made of. Locked in the order in which writes lock them. */
export function lockDividedStatement(tenantId: TenantId, ids: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('documents')
    .select(dividedColumns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .orderBy(sql`collection collate "C"`)
    .orderBy(sql`external_id collate "C"`)
    .orderBy('id')
    .forUpdate();
}

/** Stores what documents are known by from now on, where it is not what it was. It is no new version of them. */
export function renewHashesStatement(
  tenantId: TenantId,
  hashes: readonly { readonly id: DocumentId; readonly hash: Buffer }[],
): Statement<unknown> {
  return sqlBuilder
    .updateTable('documents')
    .from(
      sql<{ id: string; hash: Buffer }>`unnest(${hashes.map(({ id }) => id)}::uuid[],
        ${hashes.map(({ hash }) => hash)}::bytea[])`.as<'renewed'>(sql`renewed (id, hash)`),
    )
    .set((eb) => ({ content_hash: eb.ref('renewed.hash') }))
    .where('documents.tenant_id', '=', tenantId)
    .whereRef('documents.id', '=', 'renewed.id')
    .whereRef('documents.content_hash', '<>', 'renewed.hash');
}
