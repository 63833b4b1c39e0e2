import type { Principal } from '../auth/principal.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { tenantScope } from '../db/scope.ts';
import { tuningStatement } from './curve-statements.ts';
import { describesTenant, type RecallCurve } from './recall-curve.ts';

/** What is known about a tenant's searches before one is planned. */
export interface Tuning {
  /** The active model; null for a tenant that has none yet. */
  readonly modelId: number | null;
  readonly tier: 'exact' | 'hnsw';
  /** Vectors of the active model when they were last counted; null where nobody has. */
  readonly chunks: number | null;
  /** What was measured, where that still describes the tenant. */
  readonly curve: RecallCurve | undefined;
  /** True where a curve was left out because the tenant has changed its tier or its size by more than a factor of two. */
  readonly outdated: boolean;
  /** Languages whose chunks have a word index. */
  readonly wordIndexes: readonly string[];
  /** Whether documents of the tenant may be hidden from some who search it. */
  readonly hasAccessLists: boolean;
  /** Whether the tables are so large, and so well known to the planner, that a plan for any tenant is a good one. */
  readonly mayPlanOnce: boolean;
}

/**
 * Reads how a tenant is indexed and what was measured of its searches, in one flight.
 * @throws {Refusal} `DATABASE_UNAVAILABLE` or `STATEMENT_TIMEOUT`.
 */
export async function readTuning(deps: { readonly database: Database }, principal: Principal): Promise<Tuning> {
  const [[row]] = await readInFlight(deps.database, tenantScope(principal), [tuningStatement(principal.tenantId)]);
  if (!row)
    return {
      ...{ modelId: null, tier: 'exact', chunks: null, curve: undefined },
      ...{ outdated: false, wordIndexes: [], hasAccessLists: false, mayPlanOnce: false },
    };
  const { modelId, tier, chunks, wordIndexes, hasAccessLists, mayPlanOnce } = row;
  const curve = toCurve(row);
  const current = curve !== undefined && describesTenant(curve, { tier, chunks: row.countedForWords ?? chunks });
  const outdated = curve !== undefined && !current;
  const known = { modelId, tier, chunks, wordIndexes, hasAccessLists, mayPlanOnce };
  return { ...known, curve: current ? curve : undefined, outdated };
}

type TuningRow = ReturnType<typeof tuningStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

function toCurve(row: TuningRow): RecallCurve | undefined {
  const { curveTier, curveChunks, sample, settings, exactP50Ms, exactP95Ms, measuredAt } = row;
  if (!curveTier || !curveChunks || !sample || !settings || !measuredAt) return undefined;
  return {
    modelId: row.modelId,
    tier: curveTier,
    chunks: curveChunks,
    sample,
    settings,
    exact: { p50Ms: exactP50Ms ?? 0, p95Ms: exactP95Ms ?? 0 },
    measuredAt,
  };
}
