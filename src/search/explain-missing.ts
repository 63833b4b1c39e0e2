import type { Principal } from '../auth/principal.ts';
import { readInFlight } from '../db/database.ts';
import { tenantScope } from '../db/scope.ts';
import type { DocumentId } from '../ids.ts';
import { checkSearch } from './check-search.ts';
import { documentFactsStatement, isCandidateStatement, trueRankStatement } from './missing-statements.ts';
import { withActiveModel } from './model-choice.ts';
import { prepareSearch } from './prepare-search.ts';
import { runSearch, type SearchRun } from './run-search.ts';
import type { SearchDeps } from './search.ts';
import type { PageInput, SearchInput } from './search-input.ts';

/** The stage in which a search lost a document, in the order in which they are looked at. */
export type MissingReason =
  | 'FOUND'
  | 'NOT_THERE'
  | 'FILTERED'
  | 'CONDITIONS'
  | 'NOT_EMBEDDED'
  | 'NO_COMMON_WORD'
  | 'SCAN_BUDGET'
  | 'MISSED_BY_GRAPH'
  | 'CUT_BEFORE_RERANK'
  | 'BELOW_MIN_SCORE'
  | 'BEHIND_THE_PAGE'
  | 'CUT_BY_KEYWORDS';

export interface MissingExplanation {
  readonly reason: MissingReason;
  /** Place among all hits, from 1, where the search ranks it. */
  readonly rank: number | null;
  /** Score of the hit, where the search ranks it. */
  readonly score: number | null;
  /** Place by coarse vector among everything that the search may return, from 1, where it has a vector and one was looked for. */
  readonly trueCoarseRank: number | null;
  /** BM25 of its best passage, where words were looked for; 0 without a common word. */
  readonly keywordScore: number | null;
  /** Passages that stage one passes on, where it is two-stage. */
  readonly candidates: number | null;
}

/** Hits that are ranked to find the document's place: as many as a search can ever give. */
const mostHits = 2_000;

/**
 * Says in which stage a search loses a document, or where it ranks it. A document that the caller may not see is
 * `NOT_THERE`, just like one that does not exist.
 * @throws what {@link search} throws.
 */
export function explainMissing(
  deps: SearchDeps,
  principal: Principal,
  documentId: DocumentId,
  input: SearchInput,
  page: PageInput,
  signal?: AbortSignal,
): Promise<MissingExplanation> {
  return withActiveModel(deps, principal, input.mode, (on) =>
    explainByModel(on, principal, documentId, input, page, signal),
  );
}

async function explainByModel(
  deps: SearchDeps,
  principal: Principal,
  documentId: DocumentId,
  input: SearchInput,
  page: PageInput,
  signal: AbortSignal | undefined,
): Promise<MissingExplanation> {
  const {
    first,
    after: _after,
    ...request
  } = checkSearch({ ...input, groupBy: 'DOCUMENT' }, page, deps.embedder.model.dimensions);
  const prepared = await prepareSearch(deps, principal, request, signal);
  // Ranked as the search of the page ranks, and then further down than the page.
  const ranking = { seen: [], limit: mostHits, minScore: undefined };
  const run = await runSearch(deps, principal, request, prepared, ranking, first + 1);
  const { plan, rows: hits, stageOne } = run;
  const { tenantId } = principal;
  const [[facts]] = await readInFlight(deps.database, tenantScope(principal), [
    documentFactsStatement(tenantId, plan, documentId),
  ]);
  const nowhere = { rank: null, score: null, trueCoarseRank: null, keywordScore: null, candidates: null };
  if (!facts) return { reason: 'NOT_THERE', ...nowhere };
  const index = hits.findIndex((hit) => hit.id === documentId);
  const hit = hits[index];
  const known = {
    rank: hit ? index + 1 : null,
    score: hit?.score ?? null,
    keywordScore: facts.keywordScore,
    ...(facts.isSelected && facts.embedded
      ? await readStageOne(deps, principal, run, documentId)
      : { trueCoarseRank: null, candidates: null, isCandidate: false }),
  };
  const { isCandidate, ...explained } = known;
  return { reason: findReason(), ...explained };

  function findReason(): MissingReason {
    if (hit) {
      if (request.minScore !== undefined && hit.score < request.minScore) return 'BELOW_MIN_SCORE';
      return index < first ? 'FOUND' : 'BEHIND_THE_PAGE';
    }
    if (!facts?.isSelected) return 'FILTERED';
    if (facts.conditionsHold === false) return 'CONDITIONS';
    if (!plan.semantic) return (facts.keywordScore ?? 0) > 0 ? 'CUT_BY_KEYWORDS' : 'NO_COMMON_WORD';
    if (!facts.embedded) return 'NOT_EMBEDDED';
    const { trueCoarseRank, candidates } = known;
    const isNearEnough = trueCoarseRank !== null && candidates !== null && trueCoarseRank <= candidates;
    if (isCandidate || !isNearEnough || stageOne?.kind !== 'graph') return 'CUT_BEFORE_RERANK';
    return stageOne.stopped ? 'SCAN_BUDGET' : 'MISSED_BY_GRAPH';
  }
}

async function readStageOne(
  deps: SearchDeps,
  principal: Principal,
  { plan: { semantic, ...plan }, settings }: SearchRun,
  documentId: DocumentId,
) {
  if (semantic?.depth.kind !== 'two-stage') return { trueCoarseRank: null, candidates: null, isCandidate: false };
  const { candidates } = semantic.depth;
  const { tenantId } = principal;
  const [[counted], [passed]] = await readInFlight(deps.database, tenantScope(principal, settings), [
    trueRankStatement(tenantId, { ...plan, semantic }, documentId),
    isCandidateStatement(tenantId, { ...plan, semantic }, documentId),
  ]);
  return { trueCoarseRank: counted?.rank ?? null, candidates, isCandidate: (passed?.chunks ?? 0) > 0 };
}
