import { sql } from 'kysely';
import type { Execute } from '../db/database.ts';
import { type DocumentId, newChunkId, type TenantId } from '../ids.ts';
import { findChunkChanges } from './chunk-changes.ts';
import { chunkDocument, type DocumentChunk } from './chunk-document.ts';
import {
  deleteChunksStatement,
  handOverVectorsStatement,
  lockChunksStatement,
  placeChunksStatement,
  waitingChunksStatement,
} from './chunk-statements.ts';
import { type CollectionSettings, undeclared } from './collection-settings.ts';
import { insertedRows, type RowWriter } from './row-writer.ts';
import type { ChunkRow, DocumentRow } from './upsert-statements.ts';
import type { IngestDeps } from './write.ts';

/** What of a document its chunks depend on. */
type DividedDocument = Pick<
  DocumentRow,
  'id' | 'collection' | 'externalId' | 'title' | 'body' | 'url' | 'language' | 'audience'
>;

/** Columns of that, of stored documents. */
export const dividedColumns = [
  sql.ref<DocumentId>('id').as('id'),
  'collection',
  'external_id as externalId',
  'title',
  'body',
  'url',
  'language',
  'audience',
] as const;

/**
 * Brings the chunks of documents to what their bodies say, in the transaction that writes the bodies. Chunks that did not
 * change keep their vectors; the vectors of those that go stand in for those that come. See
 * docs/decisions/0012-editing-without-a-gap.md.
 * @param documents locked by this transaction, which carry the audiences that they are stored with.
 * @param settings of the documents' collections.
 * @returns the chunks that came: they are to be embedded.
 */
export async function replaceChunks(
  deps: Pick<IngestDeps, 'chunking' | 'divide'>,
  tenantId: TenantId,
  documents: readonly DividedDocument[],
  settings: ReadonlyMap<string, CollectionSettings>,
  execute: Execute,
  rows: Pick<RowWriter, 'insertChunks'> = insertedRows(tenantId, execute),
): Promise<ChunkRow[]> {
  if (documents.length === 0) return [];
  const { divide = chunkDocument } = deps;
  const ids = documents.map(({ id }) => id);
  const stored = Map.groupBy(await execute(lockChunksStatement(tenantId, ids)), ({ documentId }) => documentId);
  const waiting = stored.size > 0 ? await execute(waitingChunksStatement(tenantId, ids)) : [];
  const waitingIds = new Set(waiting.map(({ id }) => id));
  const changes = documents.map((document) => {
    const { chunking } = settings.get(document.collection) ?? undeclared;
    const wanted = divide(document, chunking, deps.chunking).map((chunk) => toChunkRow(document, chunk));
    return findChunkChanges(stored.get(document.id) ?? [], wanted, (id) => waitingIds.has(id));
  });
  const added = changes.flatMap((change) => change.added);
  await rows.insertChunks(added);
  const successors = new Map(changes.flatMap((change) => [...change.successors]));
  const addedIds = added.map(({ id }) => id);
  if (successors.size > 0) await execute(handOverVectorsStatement(tenantId, successors, addedIds));
  const removed = changes.flatMap((change) => change.removed);
  if (removed.length > 0) await execute(deleteChunksStatement(tenantId, removed));
  const moved = changes.flatMap((change) => change.moved);
  if (moved.length > 0) await execute(placeChunksStatement(tenantId, moved));
  return added;
}

/** What is embedded of a chunk, as the worker reads it. */
export function embeddedText({ context, text }: ChunkRow): string {
  return `${context}\n${text}`;
}

function toChunkRow(document: DividedDocument, chunk: DocumentChunk): ChunkRow {
  return {
    id: newChunkId(),
    documentId: document.id,
    ordinal: chunk.ordinal,
    context: chunk.context,
    text: chunk.text,
    start: chunk.start,
    end: chunk.end,
    language: document.language,
    audience: document.audience,
    contentHash: chunk.contentHash,
  };
}
