import { type Database, readInFlight, transact } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { Refusal } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { saveCurveStatement } from './curve-statements.ts';
import { measureSettings, type Trial } from './measure-settings.ts';
import type { RecallCurve, RecallSetting, SearchSetting } from './recall-curve.ts';
import { mean, percentile } from './recall-measures.ts';
import { measuredModelStatement, type SampledQuery, sampleQueriesStatement } from './recall-statements.ts';
import { settingGrid } from './setting-grid.ts';
import { measuringScope } from './timed-read.ts';

export interface CalibrateDeps {
  /** Of a login that may take the tenants' role, to measure, and the operator's, to store. */
  readonly database: Database;
}

export interface CalibrateOptions {
  /** Vectors of the tenant that serve as queries: 200 unless told otherwise. A step of recall@10 is one tenth of one of them. */
  readonly sample?: number;
  /** What somebody asked, in place of the tenant's vectors. */
  readonly queries?: readonly SampledQuery[];
  /** Of which of the tenant's models; the active one without it. */
  readonly modelId?: number | undefined;
  /** Decides which ones; the same seed picks the same. */
  readonly seed?: number;
  readonly candidates?: readonly number[];
  /** Breadths of the graph's search, as multiples of the candidates, each at least 1. */
  readonly efFactors?: readonly number[];
  /** Told after each query how much of the work is done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const defaultSample = 200;
const defaultSeed = 1;

/**
 * Measures what a tenant's searches find and cost, under row-level security as its own searches run, and stores the curve.
 *
 * Queries are the tenant's own vectors, unless others are given. The chunk that a query was taken from is left out of what was found and of what
 * should have been: it is always found, and counting it would give every setting a tenth of its recall for nothing. It
 * still takes a place among the candidates, so a measured recall is rather too low than too high.
 * @returns the curve.
 * @throws {Refusal} `BAD_USER_INPUT` for a tenant with fewer than two vectors; `STATEMENT_TIMEOUT`,
 *   `DATABASE_UNAVAILABLE`. The signal's reason.
 */
export async function calibrate(
  deps: CalibrateDeps,
  tenantId: TenantId,
  options: CalibrateOptions = {},
): Promise<RecallCurve> {
  const { database } = deps;
  const scope = measuringScope(tenantId);
  const [[model]] = await readInFlight(database, scope, [measuredModelStatement(tenantId, options.modelId)]);
  if (!model || model.chunks < 2) {
    throw new Refusal(
      'BAD_USER_INPUT',
      `The tenant ${tenantId} has ${model?.chunks ?? 0} vectors; recall can be measured from 2 on.`,
    );
  }
  const vectors = { tenantId, modelId: model.modelId };
  const { sample = defaultSample, seed = defaultSeed } = options;
  const queries =
    options.queries ?? (await readInFlight(database, scope, [sampleQueriesStatement(vectors, sample, seed)]))[0];
  if (queries.length === 0) throw new Refusal('BAD_USER_INPUT', `There is no query to measure ${tenantId} with.`);
  const grid = settingGrid(model.tier, model.chunks, options.candidates, options.efFactors);
  const measured = await measureSettings(database, vectors, queries, grid, options);
  const curve: RecallCurve = {
    modelId: model.modelId,
    tier: model.tier,
    chunks: model.chunks,
    sample: queries.length,
    settings: grid.map((setting, index) => ({ ...setting, ...summarise(measured.trials[index] ?? []) })),
    exact: { p50Ms: percentile(measured.exactMs, 0.5), p95Ms: percentile(measured.exactMs, 0.95) },
    measuredAt: new Date(),
  };
  await transact(database, operatorScope, (execute) => execute(saveCurveStatement(tenantId, curve)));
  return curve;
}

function summarise(trials: readonly Trial[]): Omit<RecallSetting, keyof SearchSetting> {
  const times = trials.map(({ tookMs }) => tookMs);
  return {
    stageOneRecall: mean(trials.map(({ stageOneRecall }) => stageOneRecall)),
    recall: mean(trials.map(({ recall }) => recall)),
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
  };
}
