import { defaultPageSize } from '../page.ts';
import { permitsAll } from './document-selection.ts';
import type { SearchDepth } from './search-depth.ts';
import type { StageOnePlan } from './search-plan.ts';
import type { SearchRequest } from './search-request.ts';
import type { Reached } from './search-tables.ts';

/** How far one run of a search looks. A run that turns out to have looked too near is repeated with more. */
export interface SearchReach {
  /** Chunks that stage one passes on; of no meaning without one. */
  readonly candidates: number;
  /** Chunks that the keyword half passes on. */
  readonly keywordCandidates: number;
  /** Absent where there is no stage one. */
  readonly stageOne?: StageOnePlan;
  /** Whether the run says how much each half had to choose from. */
  readonly reports: boolean;
}

/** What a search is asked for, as far as it decides how far to look. */
export interface Wanted {
  readonly request: Pick<
    SearchRequest,
    'filter' | 'collections' | 'subject' | 'mode' | 'groupBy' | 'recall' | 'minScore'
  >;
  /** Whether documents may be hidden from the caller, which is a filter like any other. */
  readonly hasAccessLists: boolean;
  /** Absent in KEYWORD mode. */
  readonly depth: SearchDepth | undefined;
  /** Items that earlier pages had. */
  readonly seen: number;
  /** Rows that make the page full: one more than the page, to know of the next. */
  readonly rows: number;
}

/** What a filtered search may spend. Absent parts are chosen by the size of the tenant. */
export interface SearchBudgets {
  /** Permitted chunks that are ranked one by one in place of a search of the graph. */
  readonly permitted?: number;
  /** Chunks that a filtered search of the graph comes by, at most. */
  readonly scanTuples?: number;
  /** Chunks of a tenant whose permitted ones are all read when the graph's budget ended a search early. */
  readonly readWhole?: number;
}

/** Why a page has fewer hits than the data allow. */
export type UnderfilledReason = 'SCAN_BUDGET' | 'CANDIDATES';

/** Chunks that the keyword half passes on at least. */
const leastKeywordCandidates = 100;
/** Beyond `ef_search`'s own limit a graph is no quicker than reading everything. */
const mostFromGraph = 1_000;
/** Where widening ends, with 0.1 s for stage two. */
const mostCandidates = 10_000;
const wideningFactor = 4;
/** Passages that a document is taken to have among the candidates, for those beyond the first page of default size. */
const passagesPerDocument = 3;

/** How far to look at first. A page of default size, the first one, is looked for as deeply as its recall asks for. */
export function firstReach(wanted: Wanted, budgets: SearchBudgets = {}): SearchReach {
  const { request, depth, seen, rows } = wanted;
  const beyond = Math.max(0, seen + rows - (defaultPageSize + 1));
  const more = isFixed(wanted) ? 0 : beyond * (request.groupBy === 'DOCUMENT' ? passagesPerDocument : 1);
  const base = depth?.kind === 'two-stage' ? depth.candidates : 0;
  const candidates = Math.min(Math.max(base, mostCandidates), base + more);
  const keywordCandidates = Math.min(mostCandidates, Math.max(base, leastKeywordCandidates) + more);
  // A count may be old: where it says that every chunk is a candidate, the search itself is asked.
  const isAll = depth?.kind === 'two-stage' && depth.chunks !== null && depth.chunks <= candidates;
  const reports = isFiltered(wanted) || !depth || request.minScore !== undefined || isAll;
  return withStageOne({ candidates, keywordCandidates, reports }, wanted, budgets);
}

/**
 * How far to look next where the run before did not fill its page and may not have seen everything.
 * @param reached what that run reported, where it did.
 * @returns undefined where looking further is not worth it or not allowed.
 */
export function nextReach(
  reach: SearchReach,
  reached: Reached | undefined,
  rows: number,
  wanted: Wanted,
  budgets: SearchBudgets = {},
): SearchReach | undefined {
  const { depth, request } = wanted;
  if (stoppedByBudget(reach, reached)) {
    const chunks = depth?.kind === 'two-stage' ? (depth.chunks ?? 0) : 0;
    const isSmall = chunks <= (budgets.readWhole ?? defaultReadWhole);
    return isSmall ? { ...reach, stageOne: { kind: 'covering' } } : undefined;
  }
  // What comes behind something below the least score is below it as well.
  if (rows >= wanted.rows || reached?.cutByScore) return undefined;
  if (!reached) {
    if (depth?.kind === 'exact' && request.mode === 'SEMANTIC') return undefined;
    return isFixed(wanted) ? { ...reach, reports: true } : widen(reach, wanted, budgets);
  }
  const isWidest = Math.max(reach.candidates, reach.keywordCandidates) >= mostCandidates;
  return isFixed(wanted) || isWidest || !isCut(reach, reached) ? undefined : widen(reach, wanted, budgets);
}

/** Why the last run's page has fewer hits than the data allow; undefined where it has not. */
export function underfilledReason(
  reach: SearchReach,
  reached: Reached | undefined,
  rows: number,
  { rows: asked }: Wanted,
): UnderfilledReason | undefined {
  if (stoppedByBudget(reach, reached)) return 'SCAN_BUDGET';
  const isShort = rows < asked - 1 && !reached?.cutByScore;
  return isShort && reached && isCut(reach, reached) ? 'CANDIDATES' : undefined;
}

/**
 * Permitted chunks up to which each is looked at by itself; beyond, the graph is searched.
 *
 * A chunk that the graph comes by costs 10 microseconds, a permitted one that is looked at by itself 2, and under a filter
 * that has nothing to do with the query the graph comes by `candidates * chunks / permitted` of them. So both cost the same
 * at the square root of five times `candidates * chunks`: 5,500 of 60,000 chunks. The budget is lower, 3,500 of those,
 * because a filter that permits more pays for the count and then for the graph: some 6 ms in place of 10 to find out that half of
 * all is permitted, at the price of slower searches between the two.
 */
export function permittedBudget(candidates: number, chunks: number): number {
  return Math.round(Math.sqrt(2 * candidates * chunks));
}

/** Chunks that a filtered search of the graph comes by before reading everything that is permitted would have been quicker. */
export function scanTuples(chunks: number): number {
  return Math.min(20_000, Math.max(2_000, Math.round(chunks / 10)));
}

/** Some 0.3 s. */
const defaultReadWhole = 250_000;

/** True when the graph's search was ended by its budget: it found fewer than asked for, though more are permitted. */
function stoppedByBudget({ stageOne, candidates }: SearchReach, reached: Reached | undefined): boolean {
  if (stageOne?.kind !== 'counted' || !reached) return false;
  return (reached.permitted ?? 0) > stageOne.permittedBudget && (reached.candidates ?? 0) < candidates;
}

/** True when a half passed on all that it may, so that there may be more. */
function isCut(reach: SearchReach, { candidates, keywordChunks }: Reached): boolean {
  return (candidates ?? -1) >= reach.candidates || (keywordChunks ?? -1) >= reach.keywordCandidates;
}

/** A caller's own number of candidates is what they get. */
function isFixed({ request, depth }: Wanted): boolean {
  return 'candidates' in request.recall && depth !== undefined;
}

/** Whether anything but the ranking decides which passages may be found. */
export function isFiltered({ request, hasAccessLists }: Pick<Wanted, 'request' | 'hasAccessLists'>): boolean {
  const { subject, collections, filter } = request;
  const conditions = subject.kind === 'text' ? subject.query.conditions : undefined;
  return !permitsAll({ collections, filter, exceptChunks: [], hasAccessLists }, conditions);
}

function widen(reach: SearchReach, wanted: Wanted, budgets: SearchBudgets): SearchReach {
  const wider = (count: number) => Math.max(count, Math.min(mostCandidates, count * wideningFactor));
  const { candidates, keywordCandidates } = reach;
  return withStageOne(
    { candidates: wider(candidates), keywordCandidates: wider(keywordCandidates), reports: true },
    wanted,
    budgets,
  );
}

function withStageOne(reach: Omit<SearchReach, 'stageOne'>, wanted: Wanted, budgets: SearchBudgets): SearchReach {
  const { depth } = wanted;
  if (depth?.kind !== 'two-stage') return reach;
  const { candidates } = reach;
  const { stageOne, tier, chunks } = depth;
  if (!isFiltered(wanted)) {
    return {
      ...reach,
      stageOne: { kind: candidates > mostFromGraph && candidates > depth.candidates ? 'covering' : stageOne },
    };
  }
  // Without a graph that could stop short, every permitted chunk is looked at anyway.
  if (tier === 'exact' || stageOne === 'covering' || candidates > mostFromGraph) {
    return { ...reach, stageOne: { kind: 'covering' } };
  }
  const permitted = budgets.permitted ?? permittedBudget(candidates, chunks ?? 0);
  return { ...reach, stageOne: { kind: 'counted', permittedBudget: permitted } };
}
