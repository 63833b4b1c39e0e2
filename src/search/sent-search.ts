import type { Statement } from '../db/database.ts';
import type { ScopeSettings } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import { type PreparedSearch, planSearch } from './prepare-search.ts';
import type { SearchDeps } from './search.ts';
import type { SearchDepth } from './search-depth.ts';
import type { PagePlan, SearchPlan } from './search-plan.ts';
import { type SearchReach, scanTuples, type Wanted } from './search-reach.ts';
import type { SearchRequest } from './search-request.ts';
import { preparedReportedSearchStatement, preparedSearchStatement } from './search-template.ts';

/** One run of a search as it is sent. Whoever wants to know how searches are planned asks about this and nothing like it. */
export interface SentSearch {
  readonly plan: SearchPlan;
  readonly settings: ScopeSettings;
  /** Its rows are those of a search, or where the plan reports, of one that reports. */
  readonly statement: Statement<unknown>;
}

type Request = Omit<SearchRequest, 'first' | 'after'>;

/** What is asked for, as far as it decides how far to look. @param rows that make the page full. */
export function wantedFor(request: Request, prepared: PreparedSearch, page: PagePlan, rows: number): Wanted {
  const { mode, depth, hasAccessLists } = prepared;
  return {
    request: { ...request, mode },
    hasAccessLists,
    depth,
    seen: page.seen.length,
    rows,
  };
}

/** The statement and the settings of a run that looks as far as the reach says. */
export function sentSearch(
  deps: SearchDeps,
  tenantId: TenantId,
  request: Request,
  prepared: PreparedSearch,
  page: PagePlan,
  reach: SearchReach,
): SentSearch {
  const plan = planSearch(deps, request, prepared, page, reach);
  const settings = settingsFor(prepared.depth, reach, deps.budgets?.scanTuples);
  const prepare = plan.reports ? preparedReportedSearchStatement : preparedSearchStatement;
  return { plan, settings, statement: prepare(tenantId, plan) as Statement<unknown> };
}

/** `ef_search` below the number of candidates would silently cut it. */
function settingsFor(
  depth: SearchDepth | undefined,
  { candidates, stageOne }: SearchReach,
  budget: number | undefined,
): ScopeSettings {
  if (depth?.kind !== 'two-stage') return {};
  return {
    'hnsw.ef_search': Math.min(1_000, Math.max(depth.efSearch, candidates)),
    ...(stageOne?.kind === 'counted' && { 'hnsw.max_scan_tuples': budget ?? scanTuples(depth.chunks ?? 0) }),
  };
}
