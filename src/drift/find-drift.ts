import type { Chunking } from '../chunking.ts';
import { type Database, readInFlight, type Statement } from '../db/database.ts';
import { type Scope, workerScope } from '../db/scope.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { findDocumentDrift, type HashChunk } from './document-drift.ts';
import { type DocumentRow, documentPageStatement } from './document-statements.ts';
import type { Drift } from './drift.ts';
import { chunkPageStatement, type VectorPlace, vectorPageStatement } from './drift-statements.ts';

/** How ingest computes what it knows chunks and documents by. */
export interface DriftHashes {
  readonly ofChunk: HashChunk;
  /** Whether a document that says this, divided like this, may be known by a hash. @param chunking null for the usual way. */
  readonly fitsDocument: (document: DocumentRow, chunking: Chunking | null) => boolean;
}

export interface DriftDeps {
  /** Connected as the worker's login. */
  readonly database: Database;
  readonly hashes: DriftHashes;
  /** Waited for after each statement, with the time that it took: who looks may pause, or end the look by rejecting. */
  readonly afterPage?: (tookMs: number) => Promise<void>;
}

/** Rows of one statement. A full vector is some 6 kB, a chunk's text two. */
const pageSize = 2_000;
/** Documents of one statement, and how long their bodies are together: one more of the longest is three times a million characters. */
const documentPage = { size: 1_000, mostBytes: 8_000_000 } as const;

/**
 * Compares every document of a tenant with its chunks, and every chunk with its vectors, some thousand at a time, in the order of
 * their ids. What is written meanwhile may or may not be seen.
 */
export async function* findDrift(deps: DriftDeps, tenantId: TenantId): AsyncGenerator<Drift> {
  yield* findInChunks(deps, tenantId);
  yield* findInVectors(deps, tenantId);
  yield* findInDocuments(deps, tenantId);
}

async function* findInChunks(deps: DriftDeps, tenantId: TenantId): AsyncGenerator<Drift> {
  for (let after: ChunkId | undefined; ; ) {
    const chunks = await readPage(deps, ofWriter(tenantId), chunkPageStatement(tenantId, after, pageSize));
    for (const { chunkId, documentId, hasDocument, context, text, contentHash, lacking, since } of chunks) {
      if (!hasDocument) yield { kind: 'leftover', chunkId, documentId, since };
      else if (!deps.hashes.ofChunk(context, text).equals(contentHash))
        yield { kind: 'altered', chunkId, documentId, since };
      // Of every model that lacks it.
      else for (const _ of lacking) yield { kind: 'missing', chunkId, documentId, since };
    }
    after = chunks.at(-1)?.chunkId;
    if (chunks.length < pageSize) return;
  }
}

async function* findInVectors(deps: DriftDeps, tenantId: TenantId): AsyncGenerator<Drift> {
  for (let after: VectorPlace | undefined; ; ) {
    const vectors = await readPage(deps, workerScope(tenantId), vectorPageStatement(tenantId, after, pageSize));
    for (const { kind, chunkId, modelId, since } of vectors) if (kind) yield { kind, chunkId, modelId, since };
    after = vectors.at(-1);
    if (vectors.length < pageSize) return;
  }
}

async function* findInDocuments(deps: DriftDeps, tenantId: TenantId): AsyncGenerator<Drift> {
  const { ofChunk, fitsDocument } = deps.hashes;
  const { size, mostBytes } = documentPage;
  for (let after: DocumentId | undefined; ; ) {
    const page = await readPage(deps, ofWriter(tenantId), documentPageStatement(tenantId, after, size, mostBytes));
    for (const document of page) {
      const { documentId, chunks, chunking, isChunkingKnown, since } = document;
      const kind = findDocumentDrift(document, chunks, ofChunk);
      if (kind) yield { kind, documentId, since };
      else if (isChunkingKnown && !fitsDocument(document, chunking)) yield { kind: 'mishashed', documentId, since };
    }
    after = page.at(-1)?.documentId;
    const readBytes = page.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    if (page.length < size && readBytes < mostBytes) return;
  }
}

/** In the role of whoever writes documents: the worker's own sees none but those that go. */
function ofWriter(tenantId: TenantId): Scope {
  return { role: 'tessera_tenant', tenantId };
}

async function readPage<Row>(
  { database, afterPage }: DriftDeps,
  scope: Scope,
  statement: Statement<Row>,
): Promise<Row[]> {
  const startedMs = performance.now();
  const [rows] = await readInFlight(database, scope, [statement]);
  await afterPage?.(performance.now() - startedMs);
  return rows as Row[];
}
