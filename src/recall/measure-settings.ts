import type { Database } from '../db/database.ts';
import type { SearchSetting } from './recall-curve.ts';
import { recallAt, withoutItself } from './recall-measures.ts';
import {
  exactStageOneStatement,
  exhaustiveStatement,
  type Found,
  type SampledQuery,
  stageOneStatement,
  twoStageStatement,
  type Vectors,
} from './recall-statements.ts';
import { timedRead } from './timed-read.ts';

/** One query with one setting. */
export interface Trial {
  readonly stageOneRecall: number;
  readonly recall: number;
  readonly tookMs: number;
}

export interface MeasuredSettings {
  /** One list for each setting of the grid, in its order; one trial for each query. */
  readonly trials: readonly (readonly Trial[])[];
  /** What reading every full vector took, for each query. */
  readonly exactMs: readonly number[];
}

export interface MeasureOptions {
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What a query should find. */
interface Truth {
  readonly query: SampledQuery;
  readonly nearest: readonly Found[];
  readonly nearestByCoarse: readonly Found[];
}

/** recall@10: what a page shows. */
const depth = 10;
/** Queries that are run with every setting before time is taken. */
const warmUps = 3;

/**
 * Runs every query with every setting. The settings take turns within each query and begin with another one each time, so
 * that whatever else the machine does meanwhile falls on all of them alike.
 */
export async function measureSettings(
  database: Database,
  vectors: Vectors,
  queries: readonly SampledQuery[],
  grid: readonly SearchSetting[],
  { onProgress, signal }: MeasureOptions,
): Promise<MeasuredSettings> {
  const mostCandidates = Math.max(...grid.map(({ candidates }) => candidates));
  const steps = queries.length * 2;
  let done = 0;
  const step = () => {
    done++;
    onProgress?.(done / steps);
    signal?.throwIfAborted();
  };

  const truths: Truth[] = [];
  const exactMs: number[] = [];
  for (const query of queries) {
    const all = await timedRead(database, vectors.tenantId, exhaustiveStatement(vectors, query, depth + 1));
    const coarse = await timedRead(database, vectors.tenantId, exactStageOneStatement(vectors, query, mostCandidates));
    truths.push({ query, nearest: withoutItself(query.chunkId, all.rows), nearestByCoarse: coarse.rows });
    exactMs.push(all.tookMs);
    step();
  }

  for (const truth of truths.slice(0, warmUps))
    for (const setting of grid) await tryOnce(database, vectors, truth, setting);

  const trials: Trial[][] = grid.map(() => []);
  for (const [round, truth] of truths.entries()) {
    for (let turn = 0; turn < grid.length; turn++) {
      const index = (round + turn) % grid.length;
      trials[index]?.push(await tryOnce(database, vectors, truth, grid[index] as SearchSetting));
    }
    step();
  }
  return { trials, exactMs };
}

async function tryOnce(
  database: Database,
  vectors: Vectors,
  { query, nearest, nearestByCoarse }: Truth,
  { stageOne, candidates, efSearch }: SearchSetting,
): Promise<Trial> {
  const { tenantId } = vectors;
  const both = twoStageStatement(vectors, query, { stageOne, candidates }, depth + 1);
  const { rows, tookMs } = await timedRead(database, tenantId, both, efSearch);
  const recall = recallAt(depth, withoutItself(query.chunkId, rows).slice(0, depth), nearest);
  if (stageOne === 'covering') return { recall, stageOneRecall: 1, tookMs };
  const survivors = await timedRead(database, tenantId, stageOneStatement(vectors, query, candidates), efSearch);
  return { recall, stageOneRecall: recallAt(candidates, survivors.rows, nearestByCoarse), tookMs };
}
