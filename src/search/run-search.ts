import type { Principal } from '../auth/principal.ts';
import type { ScopeSettings } from '../db/scope.ts';
import { readAsTenant } from '../db/tenant.ts';
import type { PreparedSearch } from './prepare-search.ts';
import { type HitRow, type ReportedRow, readReported } from './reported-search.ts';
import type { SearchDeps } from './search.ts';
import type { SearchDepth } from './search-depth.ts';
import type { PagePlan } from './search-plan.ts';
import {
  firstReach,
  isFiltered,
  nextReach,
  type SearchReach,
  type UnderfilledReason,
  underfilledReason,
} from './search-reach.ts';
import { ExampleNotFoundError, exampleNotFound, type SearchRequest } from './search-request.ts';
import type { Reached } from './search-tables.ts';
import { type SentSearch, sentSearch, wantedFor } from './sent-search.ts';

/** A search as it was run in the end, with what was sent, to be sent again. */
export interface SearchRun extends SentSearch {
  readonly rows: readonly HitRow[];
  readonly stageOne: StageOneReport | undefined;
  /** What is known of how far it looked; absent in KEYWORD mode. */
  readonly depth: DepthReport | undefined;
  readonly underfilled: UnderfilledReason | undefined;
}

/** How far a search looked in the end, with what was measured of just that. */
export type DepthReport =
  | Extract<SearchDepth, { kind: 'exact' }>
  | (Omit<Extract<SearchDepth, { kind: 'two-stage' }>, 'efSearch'> & {
      /** Null where no graph was searched. */
      readonly efSearch: number | null;
    });

/** How stage one went. */
export interface StageOneReport {
  /** `filtered`: the permitted chunks were looked at one by one. */
  readonly kind: 'graph' | 'covering' | 'filtered';
  readonly candidates: number;
  /** How many chunks the filter and access lists permit, where they were looked at one by one. */
  readonly permitted: number | null;
  /** Whether the budget of a search of the graph ended it early. */
  readonly stopped: boolean;
}

/**
 * Runs a search and, where its page is not full though more may be there, runs it again and looks further. One flight
 * nearly always; every further one looks four times as far.
 * @param rows that make the page full: one more than the page, to know of the next.
 * @throws {ExampleNotFoundError} for a single example that does not exist for this tenant or has no vector yet.
 * @throws what {@link readAsTenant} throws.
 */
export async function runSearch(
  deps: SearchDeps,
  principal: Principal,
  request: Omit<SearchRequest, 'first' | 'after'>,
  prepared: PreparedSearch,
  page: PagePlan,
  rows: number,
): Promise<SearchRun> {
  const { budgets } = deps;
  const { depth } = prepared;
  const wanted = wantedFor(request, prepared, page, rows);
  let reach = firstReach(wanted, budgets);
  for (;;) {
    const sent = sentSearch(deps, principal.tenantId, request, prepared, page, reach);
    const run = await runOnce(deps, principal, sent);
    if (run.reached?.exampleFound === false) throw new ExampleNotFoundError(exampleNotFound);
    const next = nextReach(reach, run.reached, run.rows.length, wanted, budgets);
    if (!next) {
      const underfilled = underfilledReason(reach, run.reached, run.rows.length, wanted);
      const stageOne = reportStageOne(depth, reach, run.reached, underfilled);
      const told = reportDepth(depth, reach, stageOne, sent.settings, isFiltered(wanted));
      return { ...sent, rows: run.rows, stageOne, depth: told, underfilled };
    }
    reach = next;
  }
}

async function runOnce(deps: SearchDeps, principal: Principal, { plan, statement, settings }: SentSearch) {
  const rows = await readAsTenant(deps.database, principal, statement, settings);
  return plan.reports
    ? readReported(rows as readonly ReportedRow[])
    : { rows: rows as readonly HitRow[], reached: undefined };
}

/** A recall is told only of what it was measured for: the same way, as far and no farther, and nothing filtered. */
function reportDepth(
  depth: SearchDepth | undefined,
  { candidates, stageOne: reached }: SearchReach,
  stageOne: StageOneReport | undefined,
  settings: ScopeSettings,
  filtered: boolean,
): DepthReport | undefined {
  if (depth?.kind !== 'two-stage') return depth;
  const efSearch = stageOne?.kind === 'graph' ? (settings['hnsw.ef_search'] ?? null) : null;
  const asMeasured = !filtered && candidates === depth.candidates && reached?.kind === depth.stageOne;
  return { ...depth, candidates, efSearch, ...(!asMeasured && { measuredRecall: null, measuredAt: null }) };
}

function reportStageOne(
  depth: SearchDepth | undefined,
  { candidates, stageOne }: SearchReach,
  reached: Reached | undefined,
  underfilled: UnderfilledReason | undefined,
): StageOneReport | undefined {
  if (depth?.kind !== 'two-stage' || !stageOne) return undefined;
  const report = { candidates, permitted: null, stopped: underfilled === 'SCAN_BUDGET' };
  if (stageOne.kind === 'covering') return { ...report, kind: 'covering' };
  if (stageOne.kind === 'planned') return { ...report, kind: depth.tier === 'hnsw' ? 'graph' : 'covering' };
  const permitted = reached?.permitted ?? 0;
  return permitted > stageOne.permittedBudget
    ? { ...report, kind: 'graph' }
    : { ...report, kind: 'filtered', permitted };
}
