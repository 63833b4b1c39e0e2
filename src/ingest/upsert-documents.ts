import { isDeepStrictEqual } from 'node:util';
import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import type { Database, Execute } from '../db/database.ts';
import { writeAsTenant } from '../db/tenant.ts';
import { type DocumentId, newChunkId, type TenantId } from '../ids.ts';
import { announceOutcomes } from './announce-outcomes.ts';
import { findAttributeFault } from './attribute-fault.ts';
import { deleteAttributesStatement, insertAttributesStatement } from './attribute-statements.ts';
import { resolveAudiences } from './audiences.ts';
import { chunkDocument, type DocumentChunk, type ServerChunking } from './chunk-document.ts';
import {
  type CollectionSettings,
  lockCollectionsStatement,
  readCollectionSettings,
  undeclared,
} from './collection-settings.ts';
import { contentHash } from './content-hash.ts';
import { checkDocuments, type DocumentInput, InvalidDocumentError } from './document-input.ts';
import { type ResolvedDocument, resolveDocuments } from './resolve-documents.ts';
import {
  type ChunkRow,
  type DocumentRow,
  deleteChunksStatement,
  insertChunksStatement,
  insertDocumentsStatement,
  insertJobsStatement,
  registerTenantModelStatement,
  registerTenantStatement,
  updateDocumentStatement,
} from './upsert-statements.ts';

/** What ingest needs: a database, the model that chunks are measured and embedded with, and the size of a chunk. */
export interface IngestDeps {
  readonly database: Database;
  readonly modelId: number;
  readonly chunking: ServerChunking;
  /** Called after a commit that left chunks to embed. */
  readonly onPending: () => void;
  /** Keeps a write within the tenant's limits: called in its transaction with what it has added. What it throws undoes the write. */
  readonly checkWrite: (
    principal: Principal,
    added: { readonly documents: number; readonly texts: readonly string[] },
    execute: Execute,
  ) => Promise<void>;
}

export type UpsertStatus = 'CREATED' | 'UPDATED' | 'UNCHANGED';

export interface UpsertOutcome {
  readonly id: DocumentId;
  readonly status: UpsertStatus;
  /** 1 for a new document, one more with each change. */
  readonly version: number;
}

/** Rows a statement inserts at most: ten parameters each, and the protocol numbers parameters with 16 bits. */
const rowsPerStatement = 1_000;

/**
 * Creates or replaces documents, with their chunks and the duty to embed them, in one transaction: all or nothing.
 * Documents whose content is what it was cost a read.
 * @returns one outcome per document, in order.
 * @throws {InvalidDocumentError} when one cannot be stored, or names an id that does not exist.
 * @throws what `checkWrite` throws.
 */
export async function upsertDocuments(
  deps: IngestDeps,
  principal: Principal,
  inputs: readonly DocumentInput[],
): Promise<UpsertOutcome[]> {
  checkDocuments(inputs);
  if (inputs.length === 0) return [];
  const { outcomes, pending } = await writeAsTenant(deps.database, principal, (execute) =>
    writeDocuments(deps, principal, inputs, execute),
  );
  announceOutcomes(deps, principal, outcomes);
  if (pending) deps.onPending();
  return outcomes;
}

/**
 * Writes documents that were checked, inside an open scope.
 * @returns one outcome per document, in order, and whether chunks wait to be embedded.
 */
export async function writeDocuments(
  deps: IngestDeps,
  principal: Principal,
  inputs: readonly DocumentInput[],
  execute: Execute,
): Promise<{ outcomes: UpsertOutcome[]; pending: boolean }> {
  const { tenantId } = principal;
  await execute(registerTenantStatement(tenantId));
  await execute(registerTenantModelStatement(tenantId, deps.modelId));
  await execute(lockCollectionsStatement(tenantId, 'write'));
  const names = inputs.map(({ collection }) => collection);
  const settings = await readCollectionSettings(tenantId, names, execute);
  checkAttributes(inputs, settings);
  // Before any document is locked: whoever waits here for another write holds nothing that it could want.
  const audiences = await resolveAudiences(
    tenantId,
    inputs.map(({ acl }) => acl),
    execute,
  );
  const outcomes: UpsertOutcome[] = [];
  const created: { index: number; row: DocumentRow }[] = [];
  const rechunked: DocumentRow[] = [];
  for (const [index, { row, existing }] of (
    await resolveDocuments(tenantId, inputs, settings, audiences, execute)
  ).entries()) {
    if (!existing) {
      created.push({ index, row });
    } else if (isUnchanged(row, existing)) {
      outcomes[index] = { id: row.id, status: 'UNCHANGED', version: existing.version };
    } else {
      const [updated] = await execute(updateDocumentStatement(tenantId, row));
      outcomes[index] = { id: row.id, status: 'UPDATED', version: updated?.version ?? existing.version };
      if (!row.contentHash.equals(existing.content_hash)) rechunked.push(row);
    }
  }
  created.sort((a, b) => compareKeys(a.row, b.row));
  if (created.length > 0) {
    const written = await execute(
      insertDocumentsStatement(
        tenantId,
        created.map(({ row }) => row),
      ),
    );
    for (const [position, { index, row }] of created.entries()) {
      // Where another write created the document in the meantime, its id stands and its chunks are replaced.
      const { id, version } = written[position] as { id: string; version: number };
      outcomes[index] = { id: id as DocumentId, status: version === 1 ? 'CREATED' : 'UPDATED', version };
      rechunked.push({ ...row, id: id as DocumentId });
    }
  }
  const changed = outcomes.flatMap(({ id, status }) => (status === 'UNCHANGED' ? [] : [id]));
  await replaceAttributes(tenantId, changed, settings, execute);
  const chunks = await replaceChunks(deps, tenantId, rechunked, settings, execute);
  await deps.checkWrite(principal, { documents: created.length, texts: chunks.map(embeddedText) }, execute);
  if (changed.length > 0) await execute(auditStatement(tenantId, auditEntry(outcomes, changed)));
  return { outcomes, pending: chunks.length > 0 };
}

function auditEntry(outcomes: readonly UpsertOutcome[], targetIds: readonly DocumentId[]) {
  const count = (wanted: UpsertStatus) => outcomes.filter(({ status }) => status === wanted).length;
  const details = { created: count('CREATED'), updated: count('UPDATED') };
  return { action: 'upsertDocuments', targetKind: 'document', targetIds, details };
}

/**
 * Refuses a value that a filter on its attribute would silently miss.
 * @throws {InvalidDocumentError}
 */
function checkAttributes(inputs: readonly DocumentInput[], settings: ReadonlyMap<string, CollectionSettings>): void {
  for (const [index, { collection, metadata = {} }] of inputs.entries()) {
    const fault = findAttributeFault(collection, settings.get(collection)?.attributes ?? [], metadata);
    if (fault) throw new InvalidDocumentError(index, fault);
  }
}

/** Documents that came from another collection lose what that one declared. */
async function replaceAttributes(
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
    isDeepStrictEqual(JSON.parse(row.metadata), existing.metadata)
  );
}

async function replaceChunks(
  deps: IngestDeps,
  tenantId: TenantId,
  documents: readonly DocumentRow[],
  settings: ReadonlyMap<string, CollectionSettings>,
  execute: Execute,
): Promise<ChunkRow[]> {
  if (documents.length === 0) return [];
  await execute(
    deleteChunksStatement(
      tenantId,
      documents.map(({ id }) => id),
    ),
  );
  const rows = documents.flatMap((document) =>
    chunkDocument(document, (settings.get(document.collection) ?? undeclared).chunking, deps.chunking).map((chunk) =>
      toChunkRow(document, chunk),
    ),
  );
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    const batch = rows.slice(start, start + rowsPerStatement);
    await execute(insertChunksStatement(tenantId, batch));
    await execute(
      insertJobsStatement(
        tenantId,
        deps.modelId,
        batch.map(({ id }) => id),
      ),
    );
  }
  return rows;
}

/** As the worker embeds it. */
function embeddedText({ context, text }: ChunkRow): string {
  return `${context}\n${text}`;
}

function toChunkRow(document: DocumentRow, chunk: DocumentChunk): ChunkRow {
  const { context } = chunk;
  return {
    id: newChunkId(),
    documentId: document.id,
    ordinal: chunk.ordinal,
    context,
    text: chunk.text,
    start: chunk.start,
    end: chunk.end,
    language: document.language,
    audience: document.audience,
    contentHash: contentHash(context, chunk.text),
  };
}
