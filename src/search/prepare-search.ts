import type { Principal } from '../auth/principal.ts';
import type { ChunkId } from '../ids.ts';
import { parseKeywordQuery } from './keyword-query.ts';
import { readExamples } from './read-examples.ts';
import type { SearchDeps } from './search.ts';
import type { SearchDepth } from './search-depth.ts';
import type { SearchMode } from './search-input.ts';
import { type PagePlan, type SearchPlan, vectorOperands } from './search-plan.ts';
import type { SearchReach } from './search-reach.ts';
import { NotEmbeddableError, type SearchRequest } from './search-request.ts';

/** What a search has to know before it can be planned. */
export interface PreparedSearch {
  readonly mode: SearchMode;
  /** Absent in KEYWORD mode. */
  readonly full: Float32Array | undefined;
  readonly depth: SearchDepth | undefined;
  readonly exceptChunks: readonly ChunkId[];
  readonly embedMs: number;
  /** Words to mark in passages; absent for a search without text. */
  readonly words: string | undefined;
  readonly language: string;
}

type Request = Omit<SearchRequest, 'first' | 'after'>;

/** Language of the words of a query. */
const defaultLanguage = 'english';

/** Finds the vector of what is searched for, and how far to look. */
export async function prepareSearch(
  deps: SearchDeps,
  principal: Principal,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<PreparedSearch> {
  const started = performance.now();
  const { full, exceptChunks = [] } = await findVector(deps, principal, request, signal);
  const embedMs = performance.now() - started;
  const { subject } = request;
  if (!full && request.mode === 'SEMANTIC') {
    throw new NotEmbeddableError(
      `The model ${deps.embedder.model.name} knows no word of this text, so nothing can be near to it. Search in mode KEYWORD or HYBRID.`,
    );
  }
  return {
    mode: full ? request.mode : 'KEYWORD',
    full,
    depth: full && (await deps.chooseDepth(principal, request.recall)),
    exceptChunks,
    embedMs,
    words: subject.kind === 'text' ? parseKeywordQuery(subject.text).words : undefined,
    language: defaultLanguage,
  };
}

async function findVector(
  deps: SearchDeps,
  principal: Principal,
  { subject, mode }: Request,
  signal: AbortSignal | undefined,
): Promise<{ full: Float32Array | undefined; exceptChunks?: readonly ChunkId[] }> {
  if (mode === 'KEYWORD') return { full: undefined };
  if (subject.kind === 'vector') return { full: subject.vector };
  if (subject.kind === 'examples') {
    const { full, chunkIds } = await readExamples(deps.database, principal, deps.modelId, subject);
    return { full, exceptChunks: chunkIds };
  }
  const [full] = await deps.embedder.embed([subject.text], { purpose: 'query', signal });
  return { full: full ?? undefined };
}

/** The search as it is sent to the database, looking as far as the reach says. */
export function planSearch(
  deps: SearchDeps,
  request: Request,
  prepared: PreparedSearch,
  page: PagePlan,
  { candidates, keywordCandidates, stageOne, reports }: SearchReach,
): SearchPlan {
  const { subject, fusion } = request;
  const { full, depth, mode, language } = prepared;
  const { keyword: keywordWeight, semantic: semanticWeight } = deps.embedder.fusionWeights;
  return {
    modelId: deps.modelId,
    ...(full && depth && { semantic: { modelId: deps.modelId, ...vectorOperands(full), depth: depthOf(depth.kind) } }),
    ...(subject.kind === 'text' &&
      mode !== 'SEMANTIC' && {
        keyword: {
          ...parseKeywordQuery(subject.text),
          language,
          candidates: keywordCandidates,
          scan: { kind: 'exact' },
        },
      }),
    fusion: { keywordWeight, semanticWeight, ...fusion },
    selection: { collections: request.collections, filter: request.filter, exceptChunks: prepared.exceptChunks },
    groupBy: request.groupBy,
    recency: request.recency,
    withVectors: (request.diversity ?? 0) > 0,
    reports,
    minScore: request.minScore,
    ...page,
  };

  function depthOf(kind: 'two-stage' | 'exact') {
    return kind === 'exact' ? { kind } : { kind, candidates, ...(stageOne && { stageOne }) };
  }
}
