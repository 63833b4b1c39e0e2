import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import { percentile } from './recall-measures.ts';
import {
  exactStageOneStatement,
  measuredModelStatement,
  sampleQueriesStatement,
  stageOneStatement,
} from './recall-statements.ts';
import { measuringScope, timedRead } from './timed-read.ts';

/** What stage one took on one tenant, both ways: the quarter of whole flights that was least disturbed by anything else. */
export interface MeasuredStageOne {
  readonly tenantId: TenantId;
  readonly chunks: number;
  readonly candidates: number;
  /** A flight that reads nothing. */
  readonly floorMs: number;
  /** The covering index from end to end. */
  readonly exactMs: number;
  readonly graphMs: number;
}

/** Enough for a steady quartile: some 0.6 s on a tenant of 20,000 chunks. */
const defaultSample = 60;
const defaultCandidates = 100;
const seed = 1;

/** The cheapest thing to ask for. */
export function nothingStatement() {
  return sqlBuilder.selectNoFrom(sql.lit(1).as('one'));
}

/**
 * Measures stage one with the graph and without, turn by turn, for a tenant that has one: what tells from which size on a
 * graph is worth it on this machine.
 * @returns undefined where the tenant has no graph in use.
 */
export async function measureStageOne(
  database: Database,
  tenantId: TenantId,
  { sample = defaultSample, candidates = defaultCandidates } = {},
): Promise<MeasuredStageOne | undefined> {
  const scope = measuringScope(tenantId);
  const [[model]] = await readInFlight(database, scope, [measuredModelStatement(tenantId)]);
  if (model?.tier !== 'hnsw' || model.chunks === 0) return undefined;
  const vectors = { tenantId, modelId: model.modelId };
  const [queries] = await readInFlight(database, scope, [sampleQueriesStatement(vectors, sample, seed)]);
  const times = { floorMs: [] as number[], exactMs: [] as number[], graphMs: [] as number[] };
  for (const query of queries) {
    const ways = {
      floorMs: nothingStatement(),
      exactMs: exactStageOneStatement(vectors, query, candidates),
      graphMs: stageOneStatement(vectors, query, candidates),
    };
    for (const way of ['floorMs', 'exactMs', 'graphMs'] as const)
      times[way].push((await timedRead<unknown>(database, tenantId, ways[way], candidates)).tookMs);
  }
  const quartile = (way: keyof typeof times) => percentile(times[way], 0.25);
  return {
    tenantId,
    chunks: model.chunks,
    candidates,
    floorMs: quartile('floorMs'),
    exactMs: quartile('exactMs'),
    graphMs: quartile('graphMs'),
  };
}
