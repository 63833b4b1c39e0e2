import type { Principal } from '../auth/principal.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../cursor.ts';
import type { Database } from '../db/database.ts';
import { readAsTenant } from '../db/tenant.ts';
import type { Document } from '../document.ts';
import type { Embedder } from '../embed/embedder.ts';
import { Refusal } from '../errors.ts';
import { type ChunkId, type DocumentId, isDocumentId } from '../ids.ts';
import { toPage } from '../page.ts';
import { parseKeywordQuery } from './keyword-query.ts';
import {
  checkSearch,
  NotEmbeddableError,
  type SearchInput,
  type SearchMode,
  type SearchRequest,
} from './search-request.ts';
import { type SearchPlan, searchStatement } from './search-statement.ts';

export interface SearchDeps {
  readonly database: Database;
  readonly embedder: Embedder;
  readonly modelId: number;
}

/** A document that answers the search, with its best passage. */
export interface Hit {
  readonly document: Document;
  readonly chunk: Passage;
  /** Higher is better. HYBRID: 0 to 1; SEMANTIC: cosine, -1 to 1; KEYWORD: BM25, above 0. */
  readonly score: number;
  /** Cosine at full precision, where the semantic half found the document. */
  readonly vectorScore: number | null;
  /** BM25, where the keyword half found the document. */
  readonly keywordScore: number | null;
  readonly cursor: string;
}

/** A piece of a document's body. */
export interface Passage {
  readonly id: ChunkId;
  readonly ordinal: number;
  readonly text: string;
  /** Title and headings above the passage. */
  readonly context: string;
  /** UTF-16 offsets in the document's body; end is exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface SearchAnswer {
  readonly hits: readonly Hit[];
  readonly hasNextPage: boolean;
  /** The mode that was run: KEYWORD in place of HYBRID where the model knows no word of the text. */
  readonly mode: SearchMode;
  readonly candidates: number;
}

/** Language of the words of a query. */
const defaultLanguage = 'english';

/**
 * Searches a tenant's documents: 256-component candidates, full-precision rerank, BM25, and the fusion of their ranks, in
 * one flight. No connection is held while the text is embedded.
 * @throws {Refusal} `BAD_USER_INPUT`, `INVALID_CURSOR`, `DATABASE_UNAVAILABLE`, `STATEMENT_TIMEOUT`.
 * @throws {EmbedderError} when the text could not be embedded.
 * @throws {NotEmbeddableError} for a SEMANTIC search by a text that the model knows nothing of.
 */
export async function search(
  deps: SearchDeps,
  principal: Principal,
  input: SearchInput,
  page: { readonly first?: number | null; readonly after?: string | null },
  signal?: AbortSignal,
): Promise<SearchAnswer> {
  const request = checkSearch(input, page, deps.embedder.model.dimensions);
  const list = fingerprint([
    principal.tenantId,
    deps.modelId,
    { ...request, vector: request.vector && [...request.vector], first: 0, after: '' },
  ]);
  const after = request.after === undefined ? undefined : readPlace(list, request.after);
  const full = await findVector(deps, request, signal);
  const mode = full || request.mode === 'KEYWORD' ? request.mode : 'KEYWORD';
  const plan: SearchPlan = { ...toPlan(deps, request, mode, full), after };
  const rows = await readAsTenant(deps.database, principal, searchStatement(principal.tenantId, plan), {
    'hnsw.ef_search': Math.min(request.candidates, 1_000),
  });
  const { items, hasNextPage } = toPage(rows, request.first);
  const hits = items.map((row) => ({
    document: row,
    chunk: {
      id: row.chunkId,
      ordinal: row.ordinal,
      text: row.text,
      context: row.context,
      start: row.startOffset,
      end: row.endOffset,
    },
    score: row.score,
    vectorScore: row.vectorScore,
    keywordScore: row.keywordScore,
    cursor: encodeCursor(list, [row.score, row.id]),
  }));
  return { hits, hasNextPage, mode, candidates: request.candidates };
}

async function findVector(
  deps: SearchDeps,
  request: SearchRequest,
  signal: AbortSignal | undefined,
): Promise<Float32Array | undefined> {
  if (request.vector || request.text === undefined) return request.vector;
  if (request.mode === 'KEYWORD') return undefined;
  const [full] = await deps.embedder.embed([request.text], { purpose: 'query', signal });
  if (full) return full;
  if (request.mode === 'HYBRID') return undefined;
  throw new NotEmbeddableError(
    `The model ${deps.embedder.model.name} knows no word of this text, so nothing can be near to it. Search in mode KEYWORD or HYBRID.`,
  );
}

function toPlan(
  deps: SearchDeps,
  request: SearchRequest,
  mode: SearchMode,
  full: Float32Array | undefined,
): SearchPlan {
  const { candidates, text } = request;
  return {
    ...(full && mode !== 'KEYWORD' && { semantic: { modelId: deps.modelId, full, candidates } }),
    ...(text !== undefined &&
      mode !== 'SEMANTIC' && { keyword: { ...parseKeywordQuery(text), language: defaultLanguage, candidates } }),
    weights: deps.embedder.fusionWeights,
    selection: { collections: request.collections, filter: request.filter },
    minScore: request.minScore,
    limit: request.first + 1,
  };
}

function readPlace(list: string, cursor: string): { score: number; documentId: DocumentId } {
  const [score, documentId] = decodeCursor(list, cursor);
  if (typeof score === 'number' && typeof documentId === 'string' && isDocumentId(documentId))
    return { score, documentId };
  throw new Refusal('INVALID_CURSOR', 'The cursor given as "after" names no place in this search.');
}
