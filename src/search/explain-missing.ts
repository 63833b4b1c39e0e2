import type { Principal } from '../auth/principal.ts';
import { readInFlight } from '../db/database.ts';
import { tenantScope } from '../db/scope.ts';
import type { DocumentId } from '../ids.ts';
import { checkSearch } from './check-search.ts';
import { choosePage, rowsToChooseFrom } from './choose-page.ts';
import {
  documentFactsStatement,
  isCandidateStatement,
  placeStatement,
  trueRankStatement,
} from './missing-statements.ts';
import { withActiveModel } from './model-choice.ts';
import { prepareSearch } from './prepare-search.ts';
import { runSearch, type SearchRun } from './run-search.ts';
import type { SearchDeps } from './search.ts';
import type { PageInput, SearchInput } from './search-input.ts';

/** The stage in which a search lost a document, in the order in which they are looked at. */
export type MissingReason =
  | 'FOUND'
  | 'NOT_THERE'
  | 'EXAMPLE'
  | 'FILTERED'
  | 'CONDITIONS'
  | 'NOT_EMBEDDED'
  | 'STALE'
  | 'NO_COMMON_WORD'
  | 'SCAN_BUDGET'
  | 'MISSED_BY_GRAPH'
  | 'CUT_BEFORE_RERANK'
  | 'CUT_BY_KEYWORDS'
  | 'BELOW_MIN_SCORE'
  | 'DIVERSITY'
  | 'GROUPING'
  | 'BEHIND_THE_PAGE';

export interface MissingExplanation {
  readonly reason: MissingReason;
  /** Where the search ranks it: its place on the page, or else by score among all hits, from 1. A passage's is that of its best. */
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

/**
 * Says in which stage a search loses a document, or where it ranks it: of the first page that the same input gives. A document
 * that the caller may not see is `NOT_THERE`, just like one that does not exist, and nothing more is read for the one than for
 * the other.
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
  const { first, after: _after, ...request } = checkSearch(input, page, deps.embedder.model.dimensions);
  const { diversity = 0, minScore } = request;
  const prepared = await prepareSearch(deps, principal, request, signal);
  const limit = rowsToChooseFrom(first, diversity);
  const run = await runSearch(deps, principal, request, prepared, { seen: [], limit }, first + 1);
  const hits = choosePage(run.rows, first, diversity);
  const { plan, stageOne } = run;
  const { tenantId } = principal;
  const scope = tenantScope(principal, run.settings);
  const [[facts], [ranked]] = await readInFlight(deps.database, scope, [
    documentFactsStatement(tenantId, plan, documentId),
    placeStatement(tenantId, plan, documentId),
  ]);
  const nowhere = { rank: null, score: null, trueCoarseRank: null, keywordScore: null, candidates: null };
  if (!facts) return { reason: 'NOT_THERE', ...nowhere };
  const index = hits.findIndex((hit) => hit.id === documentId);
  const place = index < 0 ? ranked : { rank: index + 1, score: hits[index]?.score ?? null };
  const { isCandidate, ...known } =
    facts.isSelected && facts.comparable > 0
      ? await readStageOne(deps, principal, run, documentId)
      : { trueCoarseRank: null, candidates: null, isCandidate: false };
  return {
    reason: await findReason(facts),
    rank: place?.rank ?? null,
    score: place?.score ?? null,
    keywordScore: facts.keywordScore,
    ...known,
  };

  async function findReason(of: NonNullable<typeof facts>): Promise<MissingReason> {
    if (index >= 0) return 'FOUND';
    if (of.vectors > 0 && of.comparable === 0) return 'EXAMPLE';
    if (!of.isSelected) return 'FILTERED';
    if (of.conditionsHold === false) return 'CONDITIONS';
    if (plan.semantic && of.comparable > 0 && of.embedded < of.chunks) return 'STALE';
    return ranked ? findBehind(ranked) : findLost(of);
  }

  /** Of a document that is ranked and not on the page. */
  async function findBehind({ rank, score }: NonNullable<typeof ranked>): Promise<MissingReason> {
    if (minScore !== undefined && score < minScore) return 'BELOW_MIN_SCORE';
    if (diversity > 0 && rank <= first) return 'DIVERSITY';
    const groupBy = plan.groupBy === 'CHUNK' ? 'DOCUMENT' : 'CHUNK';
    const [[otherwise]] = await readInFlight(deps.database, scope, [
      placeStatement(tenantId, { ...plan, groupBy }, documentId),
    ]);
    return otherwise && otherwise.rank <= first ? 'GROUPING' : 'BEHIND_THE_PAGE';
  }

  /** Of a document that neither half passed on. */
  function findLost({ vectors, keywordScore }: NonNullable<typeof facts>): MissingReason {
    if (!plan.semantic || vectors === 0) {
      if ((keywordScore ?? 0) > 0) return 'CUT_BY_KEYWORDS';
      return plan.semantic ? 'NOT_EMBEDDED' : 'NO_COMMON_WORD';
    }
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
