import { isDeepStrictEqual } from 'node:util';
import type { Principal } from '../auth/principal.ts';
import { fingerprint } from '../cursor.ts';
import { auditStatement } from '../db/audit.ts';
import type { Database, Execute } from '../db/database.ts';
import { overtakenError } from '../db/sqlstate.ts';
import { writeAsTenant } from '../db/tenant.ts';
import type { DocumentId, JobId, TenantId } from '../ids.ts';
import { announceOutcomes } from './announce-outcomes.ts';
import { findAttributeFault } from './attribute-fault.ts';
import { deleteAttributesStatement, insertAttributesStatement } from './attribute-statements.ts';
import { resolveAudiences } from './audiences.ts';
import type { chunkDocument, ServerChunking } from './chunk-document.ts';
import { type CollectionSettings, lockCollectionsStatement, readCollectionSettings } from './collection-settings.ts';
import { deleteDocumentsStatement } from './delete-statements.ts';
import {
  checkDocuments,
  type DocumentFault,
  type DocumentInput,
  failAtOnce,
  InvalidDocumentError,
  type OnFault,
  type PlacedInput,
} from './document-input.ts';
import { onlyOnce } from './only-once.ts';
import { type NewJob, queueChunks } from './queue-chunks.ts';
import { embeddedText, replaceChunks } from './replace-chunks.ts';
import { type ResolvedDocument, resolveDocuments } from './resolve-documents.ts';
import { insertedRows, type RowWriter } from './row-writer.ts';
import {
  type DocumentRow,
  registerTenantModelStatement,
  registerTenantStatement,
  updateDocumentStatement,
} from './upsert-statements.ts';

/** What ingest needs: a database, the model that chunks are measured and embedded with, and the size of a chunk. */
export interface IngestDeps {
  readonly database: Database;
  /** The model of a tenant that has none yet. */
  readonly modelId: number;
  readonly chunking: ServerChunking;
  /** `chunkDocument`, or one that remembers what it divided. */
  readonly divide?: typeof chunkDocument;
  /** Called after a commit that left chunks to embed. */
  readonly onPending: () => void;
  /** Keeps a write within the tenant's limits: called in its transaction with what it has added. What it throws undoes the write. */
  readonly checkWrite: (principal: Principal, added: AddedContent, execute: Execute) => Promise<void>;
}

/** What a write has added, in the transaction that is still open. */
export interface AddedContent {
  /** Documents that were not there, or not any more. */
  readonly documents: number;
  /** New chunks. */
  readonly chunks: number;
  /** The texts that are to be embedded, in parts; asked for only where tokens are limited. */
  readonly texts: () => AsyncIterable<readonly string[]> | Iterable<readonly string[]>;
}

export type UpsertStatus = 'CREATED' | 'UPDATED' | 'UNCHANGED';

export interface UpsertOutcome {
  /** Position of the document in the write, from 0. */
  readonly index: number;
  readonly id: DocumentId;
  readonly status: UpsertStatus;
  /** 1 for a new document, one more with each change. */
  readonly version: number;
}

/** A document that a write left out. */
export interface LeftOut {
  readonly index: number;
  readonly code: DocumentFault['code'];
  readonly message: string;
  /** Where the version was not the expected one; 0 for a document that is not there. */
  readonly currentVersion?: number;
}

export interface WriteRequest {
  readonly documents: readonly DocumentInput[];
  /** Whether nothing is written where one document cannot be. */
  readonly atomic: boolean;
  /** Has the same write sent again answered with what it came to the first time. */
  readonly idempotencyKey?: string;
  /** An earlier job of the tenant's that this write is another part of. */
  readonly jobId?: JobId;
}

/** What a write came to. Plain data: it is stored under the write's key. */
export interface WriteResult {
  /** One for each document that was not left out, in order. */
  readonly outcomes: readonly UpsertOutcome[];
  readonly leftOut: readonly LeftOut[];
  /** Of the chunks that are to be embedded; null where there are none. */
  readonly jobId: JobId | null;
}

/** {@link writeDocuments}, all or nothing. */
export async function upsertDocuments(
  deps: IngestDeps,
  principal: Principal,
  documents: readonly DocumentInput[],
): Promise<readonly UpsertOutcome[]> {
  return (await writeDocuments(deps, principal, { documents, atomic: true })).outcomes;
}

/**
 * Creates or replaces documents, with their chunks and the duty to embed them, in one transaction. Documents whose content is
 * what it was cost a read.
 * @throws {InvalidDocumentError} in an atomic write, when one cannot be stored, or names an id that does not exist.
 * @throws {VersionConflictError} in an atomic write, when one is not at the expected version.
 * @throws {IdempotencyError} for a key under which another write was sent.
 * @throws what `checkWrite` throws.
 */
export async function writeDocuments(
  deps: IngestDeps,
  principal: Principal,
  request: WriteRequest,
): Promise<WriteResult> {
  const early: LeftOut[] = [];
  const inputs = checkDocuments(request.documents, faultHandler(request, early));
  if (inputs.length === 0) return { outcomes: [], leftOut: early, jobId: null };
  const { idempotencyKey: key, documents, atomic } = request;
  const asked = fingerprint(['upsertDocuments', documents, atomic]);
  const { result, isFirst } = await writeAsTenant(deps.database, principal, async (execute) => {
    await execute(registerTenantStatement(principal.tenantId));
    return onlyOnce(principal, key, asked, execute, async () => {
      const leftOut = [...early];
      const onFault = faultHandler(request, leftOut);
      return { ...(await writeChecked(deps, principal, inputs, request, onFault, execute)), leftOut };
    });
  });
  if (isFirst) announceOutcomes(deps, principal, result.outcomes);
  if (isFirst && result.jobId !== null) deps.onPending();
  return { ...result, leftOut: [...result.leftOut].sort((a, b) => a.index - b.index) };
}

function faultHandler({ atomic }: WriteRequest, leftOut: LeftOut[]): OnFault {
  if (atomic) return failAtOnce;
  return (fault) => {
    const { index, code, message } = fault;
    leftOut.push({ index, code, message, ...('currentVersion' in fault && { currentVersion: fault.currentVersion }) });
  };
}

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

/** Documents that came from another collection lose what that one declared. */
export async function replaceAttributes(
  tenantId: TenantId,
  documentIds: readonly DocumentId[],
  settings: ReadonlyMap<string, CollectionSettings>,
  execute: Execute,
): Promise<void> {
  if (documentIds.length === 0) return;
  await execute(deleteAttributesStatement(tenantId, documentIds));
  const declares = [...settings.values()].some(({ attributes }) => attributes.length > 0);
  if (declares) await execute(insertAttributesStatement(tenantId, documentIds));
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
