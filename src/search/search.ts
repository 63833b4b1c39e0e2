import DataLoader from 'dataloader';
import type { Principal } from '../auth/principal.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { type ScopeSettings, tenantScope } from '../db/scope.ts';
import { readAsTenant } from '../db/tenant.ts';
import type { Document } from '../document.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { checkSearch } from './check-search.ts';
import { choosePage, rowsToChooseFrom } from './choose-page.ts';
import { explainStatement, readExplanation, type SearchExplanation } from './explain-search.ts';
import { type Highlight, highlightsStatement, readHighlights } from './highlights.ts';
import { type ModelChoice, withActiveModel } from './model-choice.ts';
import { type Passage, passagesStatement } from './passages.ts';
import { type PreparedSearch, prepareSearch, textForModel } from './prepare-search.ts';
import { type DepthReport, runSearch, type StageOneReport } from './run-search.ts';
import { createSearchCursors, itemMark } from './search-cursor.ts';
import type { ChooseDepth, HasAccessLists, MayPlanOnce, ReadWordIndexes } from './search-depth.ts';
import type { PageInput, SearchInput, SearchMode } from './search-input.ts';
import { type SearchOutcome, searchOutcome } from './search-outcome.ts';
import type { KeywordScan } from './search-plan.ts';
import type { SearchBudgets, UnderfilledReason } from './search-reach.ts';
import { type WordScan, wordScansStatement } from './word-scans.ts';

export interface SearchDeps {
  readonly database: Database;
  readonly embedder: Embedder;
  readonly modelId: number;
  /** Which model a tenant is searched by, where that may be another than this one. */
  readonly choice?: ModelChoice;
  readonly chooseDepth: ChooseDepth;
  readonly wordIndexes: ReadWordIndexes;
  readonly hasAccessLists: HasAccessLists;
  /** Never, without it. */
  readonly mayPlanOnce?: MayPlanOnce;
  /** What a filtered search may spend, where it is not to be chosen by the size of the tenant. */
  readonly budgets?: SearchBudgets;
  /** Told of every search that was answered. */
  readonly onSearch?: (outcome: SearchOutcome) => void;
  /** Told of every text that was searched by meaning, once and not for each of its pages. */
  readonly noteQuery?:
    | ((tenantId: TenantId, query: { readonly mode: 'HYBRID' | 'SEMANTIC'; readonly text: string }) => void)
    | undefined;
}

/** A document (or, grouped by chunk, a passage) that answers the search. */
export interface Hit {
  readonly document: Document;
  /** Its best passage. */
  readonly chunk: Passage;
  /** Higher is better. HYBRID: 0 to 1; SEMANTIC: cosine, -1 to 1; KEYWORD: BM25, above 0. */
  readonly score: number;
  /** Cosine at full precision, where the semantic half found it. */
  readonly vectorScore: number | null;
  /** BM25, where the keyword half found it. */
  readonly keywordScore: number | null;
  /** When the passage got its vector; null while it waits for one. */
  readonly embeddedAt: Date | null;
  /** Whether it waits for its vector, or may have been found by one of an older text until its document's edit is embedded. */
  readonly isStale: boolean;
}

/** How a search went, and how each of the tenant's languages was looked through; none where there were no words. */
export interface ExplainedSearch extends SearchExplanation {
  readonly wordScans: readonly WordScan[];
}

export interface SearchAnswer {
  readonly hits: readonly Hit[];
  readonly hasNextPage: boolean;
  /** The mode that was run: KEYWORD in place of HYBRID where the model knows no word of the text. */
  readonly mode: SearchMode;
  /** Absent in KEYWORD mode. Its candidates are those that were passed on, which a large or deep page takes more of. */
  readonly depth: DepthReport | undefined;
  /** How stage one went; absent where there was none. */
  readonly stageOne: StageOneReport | undefined;
  /** What PostgreSQL was told for this search. */
  readonly settings: ScopeSettings;
  /** Why there are fewer hits than the data allow; absent where there are not. */
  readonly underfilled: UnderfilledReason | undefined;
  /** How the words were looked for; absent where there were none. */
  readonly scan: KeywordScan | undefined;
  /** The cursor behind a hit, by its place on the page, from 0: made only where it is asked for. */
  cursorAt(index: number): string;
  /** Time that it took to have the vector, in milliseconds. */
  readonly embedMs: number;
  /** Passages of a hit's document, its own first and then the best; all hits that ask for the same number share one read. */
  passages(hit: Pick<Hit, 'document' | 'chunk'>, limit: number): Promise<Passage[]>;
  /** Where the words of the query stand in a passage; all hits share one read. */
  highlights(chunkId: ChunkId): Promise<Highlight[]>;
  /** Runs the search once more and tells how it went. */
  explain(): Promise<ExplainedSearch>;
}

/**
 * Searches a tenant's documents: 256-component candidates, full-precision rerank, BM25, and the fusion of their ranks, in
 * one flight. No connection is held while the text is embedded.
 * @throws {Refusal} `BAD_USER_INPUT`, `INVALID_CURSOR`, `DATABASE_UNAVAILABLE`, `STATEMENT_TIMEOUT`.
 * @throws {EmbedderError} when the text could not be embedded.
 * @throws {NotEmbeddableError} for a SEMANTIC search by a text that the model knows nothing of.
 * @throws {ExampleNotFoundError} for an example that does not exist for this tenant or has no vector.
 */
export function search(
  deps: SearchDeps,
  principal: Principal,
  input: SearchInput,
  page: PageInput,
  signal?: AbortSignal,
): Promise<SearchAnswer> {
  return withActiveModel(deps, principal, input.mode, (on) => searchByModel(on, principal, input, page, signal));
}

async function searchByModel(
  deps: SearchDeps,
  principal: Principal,
  input: SearchInput,
  page: PageInput,
  signal: AbortSignal | undefined,
): Promise<SearchAnswer> {
  const startedMs = performance.now();
  const { first, after, ...request } = checkSearch(input, page, deps.embedder.model.dimensions);
  const cursors = createSearchCursors([principal.tenantId, deps.modelId, request]);
  const seen = cursors.read(after);
  const prepared = await prepareSearch(deps, principal, request, signal);
  const { diversity, mode, subject } = request;
  const limit = rowsToChooseFrom(first, diversity);
  const run = await runSearch(deps, principal, request, prepared, { seen, limit }, first + 1);
  const { rows, plan, statement, settings, stageOne, depth, underfilled } = run;
  deps.onSearch?.(searchOutcome(run, request.recall, performance.now() - startedMs));
  if (subject.kind === 'text' && mode !== 'KEYWORD' && after === undefined)
    deps.noteQuery?.(principal.tenantId, { mode, text: textForModel(subject) });
  const hasNextPage = rows.length > first;
  const items = choosePage(rows, first, diversity);
  const hits = items.map((row): Hit => {
    return {
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
      embeddedAt: row.embeddedAt,
      isStale: row.embeddedAt === null || row.hasStandIn,
    };
  });
  return {
    hits,
    hasNextPage,
    mode: prepared.mode,
    depth,
    stageOne,
    settings,
    underfilled,
    scan: plan.keyword?.scan,
    embedMs: prepared.embedMs,
    cursorAt: (index) => cursors.write([...seen, ...items.slice(0, index + 1).map((row) => itemMark(row.itemId))]),
    ...createDetails(deps, principal, prepared),
    explain: async () => {
      const scope = tenantScope(principal, settings);
      const [[row], wordScans = []] = await readInFlight(deps.database, scope, [
        explainStatement(statement),
        ...(plan.keyword ? [wordScansStatement(plan.keyword)] : []),
      ]);
      if (!row) throw new Error('The database explained nothing.');
      return { ...readExplanation(row), wordScans };
    },
  };

  /** What is read of hits only where it is asked for. */
  function createDetails(on: SearchDeps, who: Principal, { words }: PreparedSearch) {
    const highlights = new DataLoader(async (chunkIds: readonly ChunkId[]) => {
      if (words === undefined) return chunkIds.map(() => []);
      const rows = await readAsTenant(on.database, who, highlightsStatement(who.tenantId, words, chunkIds));
      const byId = new Map(rows.map((row) => [row.id, readHighlights(row)]));
      return chunkIds.map((id) => byId.get(id) ?? []);
    });
    const passages = new Map<number, DataLoader<DocumentId, Passage[]>>();
    const passageLoader = (limit: number) =>
      new DataLoader(async (documentIds: readonly DocumentId[]) => {
        const rows = await readAsTenant(on.database, who, passagesStatement(who.tenantId, plan, documentIds, limit));
        const byDocument = Map.groupBy(rows, (row) => row.documentId);
        return documentIds.map((id) => byDocument.get(id) ?? []);
      });
    return {
      highlights: (chunkId: ChunkId) => highlights.load(chunkId),
      passages: async ({ document, chunk }: Pick<Hit, 'document' | 'chunk'>, limit: number) => {
        const loader = passages.get(limit) ?? passageLoader(limit);
        passages.set(limit, loader);
        const best = await loader.load(document.id);
        return [chunk, ...best.filter(({ id }) => id !== chunk.id)].slice(0, limit);
      },
    };
  }
}
