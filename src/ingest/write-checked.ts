import { isDeepStrictEqual } from 'node:util';
import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import type { Execute } from '../db/database.ts';
import { overtakenError } from '../db/sqlstate.ts';
import { findAttributeFault } from './attribute-fault.ts';
import { resolveAudiences } from './audiences.ts';
import { type CollectionSettings, lockCollectionsStatement, readCollectionSettings } from './collection-settings.ts';
import { deleteDocumentsStatement } from './delete-statements.ts';
import { InvalidDocumentError, type OnFault, type PlacedInput } from './document-input.ts';
import { type NewJob, queueChunks } from './queue-chunks.ts';
import { replaceAttributes } from './replace-attributes.ts';
import { embeddedText, replaceChunks } from './replace-chunks.ts';
import { type ResolvedDocument, resolveDocuments } from './resolve-documents.ts';
import { insertedRows, type RowWriter } from './row-writer.ts';
import { type DocumentRow, registerTenantModelStatement, updateDocumentStatement } from './upsert-statements.ts';
import type { IngestDeps, UpsertOutcome, UpsertStatus, WriteRequest, WriteResult } from './write.ts';

/**
 * Writes documents that were checked, in a transaction of the tenant's that is open.
 * @returns one outcome for each that has no fault, in order, and the job of the chunks that are to be embedded.
 */
export async function writeChecked(
  deps: IngestDeps,
  principal: Principal,
  given: readonly PlacedInput[],
  { documents, jobId, leaseSeconds }: Pick<WriteRequest, 'documents' | 'jobId'> & Pick<NewJob, 'leaseSeconds'>,
  onFault: OnFault,
  execute: Execute,
  writer: RowWriter = insertedRows(principal.tenantId, execute),
): Promise<Pick<WriteResult, 'outcomes' | 'jobId'>> {
  const { tenantId, subject } = principal;
  await execute(registerTenantModelStatement(tenantId, deps.modelId));
  await execute(lockCollectionsStatement(tenantId, 'write'));
  const names = given.map(({ input }) => input.collection);
  const settings = await readCollectionSettings(tenantId, names, execute);
  const inputs = given.filter((one) => fitsAttributes(one, settings, onFault));
  // Before any document is locked: whoever waits here for another write holds nothing that it could want.
  const lists = inputs.map(({ input }) => input.acl);
  const audiences = await resolveAudiences(tenantId, lists, execute);
  const { resolved, displaced } = await resolveDocuments(tenantId, inputs, settings, audiences, execute, onFault);
  if (displaced.length > 0) await execute(deleteDocumentsStatement(tenantId, displaced));
  const outcomes: UpsertOutcome[] = [];
  const rechunked: DocumentRow[] = [];
  for (const { index, row, existing } of resolved) {
    if (!existing) continue;
    if (isUnchanged(row, existing)) {
      outcomes.push({ index, id: row.id, status: 'UNCHANGED', version: existing.version });
    } else {
      const [updated] = await execute(updateDocumentStatement(tenantId, row));
      outcomes.push({ index, id: row.id, status: 'UPDATED', version: updated?.version ?? existing.version });
      if (!row.contentHash.equals(existing.content_hash)) rechunked.push(row);
    }
  }
  const created = resolved.filter(({ existing }) => !existing).sort((a, b) => compareKeys(a.row, b.row));
  if (created.length > 0) {
    const rows = created.map(({ row }) => row);
    const written = await writer.insertDocuments(rows);
    for (const [position, { index, row }] of created.entries()) {
      // Where another write created the document in the meantime, its id stands and its chunks are replaced.
      const { id, version } = written[position] as (typeof written)[number];
      if (version > 1 && documents[index]?.ifVersion === 0)
        throw overtakenError('A document that was to be new is not.');
      outcomes.push({ index, id, status: version === 1 ? 'CREATED' : 'UPDATED', version });
      rechunked.push({ ...row, id });
    }
  }
  const changed = outcomes.flatMap(({ id, status }) => (status === 'UNCHANGED' ? [] : [id]));
  await replaceAttributes(tenantId, changed, settings, execute);
  const added = await replaceChunks(deps, tenantId, rechunked, settings, execute, writer);
  const chunkIds = added.map(({ id }) => id);
  const job = { kind: 'write', createdBy: subject, leaseSeconds, ...(jobId && { id: jobId }) } as const;
  const openedJob = await queueChunks(tenantId, chunkIds, job, execute);
  const content = { documents: created.length, chunks: added.length, texts: () => [added.map(embeddedText)] };
  await deps.checkWrite(principal, content, execute);
  outcomes.sort((a, b) => a.index - b.index);
  if (changed.length > 0) await execute(auditStatement(tenantId, auditEntry(outcomes)));
  return { outcomes, jobId: openedJob };
}

function auditEntry(outcomes: readonly UpsertOutcome[]) {
  const count = (wanted: UpsertStatus) => outcomes.filter(({ status }) => status === wanted).length;
  const targetIds = outcomes.flatMap(({ id, status }) => (status === 'UNCHANGED' ? [] : [id]));
  const details = { created: count('CREATED'), updated: count('UPDATED') };
  return { action: 'upsertDocuments', targetKind: 'document', targetIds, details };
}

/** False for a value that a filter on its attribute would silently miss. */
function fitsAttributes(
  { index, input: { collection, metadata = {} } }: PlacedInput,
  settings: ReadonlyMap<string, CollectionSettings>,
  onFault: OnFault,
): boolean {
  const fault = findAttributeFault(collection, settings.get(collection)?.attributes ?? [], metadata);
  if (fault) onFault(new InvalidDocumentError(index, fault));
  return fault === undefined;
}

/** The order in which stored documents are locked. */
function compareKeys(a: DocumentRow, b: DocumentRow): number {
  if (a.collection !== b.collection) return a.collection < b.collection ? -1 : 1;
  return (a.externalId ?? '') < (b.externalId ?? '') ? -1 : 1;
}

function isUnchanged(row: DocumentRow, existing: NonNullable<ResolvedDocument['existing']>): boolean {
  return (
    row.contentHash.equals(existing.content_hash) &&
    row.collection === existing.collection &&
    row.externalId === existing.external_id &&
    row.url === existing.url &&
    row.status === existing.status &&
    row.audience === existing.audience &&
    row.expiresAt?.getTime() === existing.expires_at?.getTime() &&
    isDeepStrictEqual(JSON.parse(row.metadata), existing.metadata)
  );
}
