import type { Principal } from '../auth/principal.ts';
import type { ChunkId } from '../ids.ts';
import { exampleOperands } from './example-stage.ts';
import { isPlannedOnce } from './planned-once.ts';
import { readExamples } from './read-examples.ts';
import type { SearchDeps } from './search.ts';
import type { SearchDepth } from './search-depth.ts';
import type { SearchMode } from './search-input.ts';
import {
  type KeywordScan,
  type PagePlan,
  type SearchPlan,
  type VectorOperands,
  vectorOperands,
} from './search-plan.ts';
import type { SearchReach } from './search-reach.ts';
import { NotEmbeddableError, type SearchRequest, type SearchSubject } from './search-request.ts';

/** What a search has to know before it can be planned. */
export interface PreparedSearch {
  readonly mode: SearchMode;
  /** Absent in KEYWORD mode. */
  readonly vector: VectorOperands | undefined;
  readonly depth: SearchDepth | undefined;
  readonly exceptChunks: readonly ChunkId[];
  readonly embedMs: number;
  /** Words to mark in passages; absent for a search without text. */
  readonly words: string | undefined;
  /** How the keyword half is read; absent for a search that has none. */
  readonly scan: KeywordScan | undefined;
  /** Whether documents may be hidden from the caller. */
  readonly hasAccessLists: boolean;
  readonly mayPlanOnce: boolean;
}

type Request = Omit<SearchRequest, 'first' | 'after'>;

/**
 * Chunks of one language that are scored at most where its word index serves. At 200,000 chunks 5,000, 10,000 and 20,000
 * all gave the exact top ten of 60 questions, and took 6, 8 and 12 ms more than a search of 5,000 chunks; the middle one
 * leaves room for words that come together oftener than chance: docs/decisions/0004-keyword-relevance.md.
 */
export const rowBudget = 10_000;

/** Finds the vector of what is searched for, or where the statement will find it, and how far to look. */
export async function prepareSearch(
  deps: SearchDeps,
  principal: Principal,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<PreparedSearch> {
  const started = performance.now();
  const { vector, exceptChunks = [] } = await findVector(deps, principal, request, signal);
  const embedMs = performance.now() - started;
  const { subject, recall } = request;
  if (!vector && request.mode === 'SEMANTIC') {
    throw new NotEmbeddableError(
      `The model ${deps.embedder.model.name} knows no word of this text, so nothing can be near to it. Search in mode KEYWORD or HYBRID.`,
    );
  }
  const mode = vector ? request.mode : 'KEYWORD';
  // Then everything is looked at, and the policies are all that it takes.
  const isExact = 'profile' in recall && recall.profile === 'EXACT';
  return {
    mode,
    vector,
    depth: vector && (await deps.chooseDepth(principal, recall)),
    exceptChunks,
    embedMs,
    words: subject.kind === 'text' ? subject.query.words : undefined,
    scan: subject.kind === 'text' && mode !== 'SEMANTIC' ? await chooseScan() : undefined,
    hasAccessLists: isExact ? false : await deps.hasAccessLists(principal),
    mayPlanOnce: !isExact && (await deps.mayPlanOnce?.(principal)) === true,
  };

  /** EXACT means every chunk, for words as for vectors. */
  async function chooseScan(): Promise<KeywordScan> {
    if (isExact) return { kind: 'exact' };
    const languages = await deps.wordIndexes(principal);
    return languages.length > 0 ? { kind: 'rarest', languages, rowBudget } : { kind: 'exact' };
  }
}

/** What the model is given of a text: with conditions it is no sentence any more, and what it excludes is not what it means. */
export function textForModel({ text, query: { words, conditions } }: Extract<SearchSubject, { kind: 'text' }>): string {
  return conditions === undefined || words === '' ? text : words;
}

async function findVector(
  deps: SearchDeps,
  principal: Principal,
  { subject, mode }: Request,
  signal: AbortSignal | undefined,
): Promise<{ vector: VectorOperands | undefined; exceptChunks?: readonly ChunkId[] }> {
  if (mode === 'KEYWORD') return { vector: undefined };
  if (subject.kind === 'vector') return { vector: vectorOperands(subject.vector) };
  if (subject.kind === 'examples') {
    const [only, ...more] = [...subject.positive, ...subject.negative];
    if (only && more.length === 0) return { vector: exampleOperands(only) };
    const { full, chunkIds } = await readExamples(deps.database, principal, deps.modelId, subject);
    return { vector: vectorOperands(full), exceptChunks: chunkIds };
  }
  const [full] = await deps.embedder.embed([textForModel(subject)], {
    purpose: 'query',
    tenantId: principal.tenantId,
    signal,
  });
  return { vector: full ? vectorOperands(full) : undefined };
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
  const { vector, depth, scan, hasAccessLists } = prepared;
  const { keyword: keywordWeight, semantic: semanticWeight } = deps.embedder.fusionWeights;
  const plan: SearchPlan = {
    modelId: deps.modelId,
    ...(vector && depth && { semantic: { modelId: deps.modelId, ...vector, depth: depthOf(depth.kind) } }),
    ...(subject.kind === 'text' &&
      scan && {
        keyword: {
          words: subject.query.words,
          candidates: keywordCandidates,
          scan,
        },
      }),
    fusion: { keywordWeight, semanticWeight, ...fusion },
    selection: {
      collections: request.collections,
      filter: request.filter,
      exceptChunks: prepared.exceptChunks,
      ...(hasAccessLists && { hasAccessLists }),
    },
    ...(subject.kind === 'text' && subject.query.conditions !== undefined && { conditions: subject.query.conditions }),
    groupBy: request.groupBy,
    recency: request.recency,
    withVectors: (request.diversity ?? 0) > 0,
    // Only a report tells a search that found nothing from one that had nothing to be near to.
    reports: reports || vector?.example !== undefined,
    minScore: request.minScore,
    ...page,
  };
  return prepared.mayPlanOnce && isPlannedOnce(plan, depth) ? { ...plan, isPlannedOnce: true } : plan;

  function depthOf(kind: 'two-stage' | 'exact') {
    return kind === 'exact' ? { kind } : { kind, candidates, ...(stageOne && { stageOne }) };
  }
}
