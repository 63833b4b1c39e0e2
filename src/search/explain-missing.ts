import type { Principal } from '../auth/principal.ts';
import { readInFlight } from '../db/database.ts';
import { tenantScope } from '../db/scope.ts';
import type { DocumentId } from '../ids.ts';
import { checkSearch } from './check-search.ts';
import { documentFactsStatement, isCandidateStatement, trueRankStatement } from './missing-statements.ts';
import { planSearch, prepareSearch } from './prepare-search.ts';
import { type SearchDeps, settingsFor } from './search.ts';
import type { PageInput, SearchInput } from './search-input.ts';
import type { SearchPlan } from './search-plan.ts';
import { searchStatement } from './search-statement.ts';

/** The stage in which a search lost a document, in the order in which they are looked at. */
export type MissingReason =
  | 'FOUND'
  | 'NOT_THERE'
  | 'FILTERED'
  | 'CONDITIONS'
  | 'NOT_EMBEDDED'
  | 'NO_COMMON_WORD'
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
export async function explainMissing(
  deps: SearchDeps,
  principal: Principal,
  documentId: DocumentId,
  input: SearchInput,
  page: PageInput,
  signal?: AbortSignal,
): Promise<MissingExplanation> {
  const {
    first,
    after: _after,
    ...request
  } = checkSearch({ ...input, groupBy: 'DOCUMENT' }, page, deps.embedder.model.dimensions);
  const prepared = await prepareSearch(deps, principal, request, signal);
  const plan = planSearch(deps, { ...request, minScore: undefined }, prepared, { seen: [], limit: mostHits });
  const { tenantId } = principal;
  const scope = tenantScope(principal, settingsFor(prepared.depth));
  const [[facts], hits] = await readInFlight(deps.database, scope, [
    documentFactsStatement(tenantId, plan, documentId),
    searchStatement(tenantId, plan),
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
      ? await readStageOne(deps, principal, plan, documentId)
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
    if (!isCandidate && trueCoarseRank !== null && candidates !== null && trueCoarseRank <= candidates)
      return 'MISSED_BY_GRAPH';
    return 'CUT_BEFORE_RERANK';
  }
}

async function readStageOne(deps: SearchDeps, principal: Principal, plan: SearchPlan, documentId: DocumentId) {
  const { semantic, selection } = plan;
  if (semantic?.depth.kind !== 'two-stage') return { trueCoarseRank: null, candidates: null, isCandidate: false };
  const { candidates } = semantic.depth;
  const { tenantId } = principal;
  const [[counted], [passed]] = await readInFlight(
    deps.database,
    tenantScope(principal, { 'hnsw.ef_search': Math.min(1_000, candidates) }),
    [
      trueRankStatement(tenantId, semantic, selection, documentId),
      isCandidateStatement(tenantId, semantic, candidates, selection, documentId),
    ],
  );
  return { trueCoarseRank: counted?.rank ?? null, candidates, isCandidate: (passed?.chunks ?? 0) > 0 };
}
