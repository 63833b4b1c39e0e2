import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, transact } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { defaultCrossover } from './decide-tier.ts';

/** What stage one took on one tenant, both ways. */
export interface StageOneTimes {
  readonly tenantId: string;
  readonly chunks: number;
  readonly candidates: number;
  /** A flight that reads nothing. */
  readonly floorMs: number;
  /** The covering index from end to end. */
  readonly exactMs: number;
  readonly graphMs: number;
}

/** Below it a graph is not worth its upkeep, above it the covering index not worth its reading, whatever a noisy run says. */
const [leastCrossover, mostCrossover] = [2_000, 100_000];

/**
 * The size at which reading the covering index, whose cost grows with the tenant, takes as long as searching the graph,
 * whose cost hardly does.
 * @returns chunks, from 2,000 to 100,000; undefined where the reading was too quick to tell its cost.
 */
export function computeCrossover({ chunks, floorMs, exactMs, graphMs }: StageOneTimes): number | undefined {
  const perChunkMs = (exactMs - floorMs) / chunks;
  if (!(perChunkMs > 0)) return undefined;
  const equal = Math.max(0, graphMs - floorMs) / perChunkMs;
  return Math.round(Math.min(mostCrossover, Math.max(leastCrossover, equal)) / 100) * 100;
}

/** A crossover and where it is from. */
export interface Crossover {
  readonly chunks: number;
  /** Absent for the default. */
  readonly measuredAt?: Date;
}

export function crossoverStatement() {
  return sqlBuilder
    .selectFrom('engine_settings')
    .select(['value', 'measured_at as measuredAt'])
    .where('name', '=', 'tier_crossover');
}

export function recordCrossoverStatement(crossover: number, times: StageOneTimes) {
  const detail = JSON.stringify(times);
  return sqlBuilder
    .insertInto('engine_settings')
    .values({ name: 'tier_crossover', value: crossover, detail })
    .onConflict((oc) => oc.column('name').doUpdateSet({ value: crossover, detail, measured_at: sql<Date>`now()` }));
}

/** The stored crossover, or the default. */
export function toCrossover(rows: readonly { value: number; measuredAt: Date }[]): Crossover {
  const [row] = rows;
  return row ? { chunks: row.value, measuredAt: row.measuredAt } : { chunks: defaultCrossover };
}

/**
 * Stores what was measured; every review from now on goes by it.
 * @returns the crossover, or undefined where the measurement allows none.
 */
export async function recordCrossover(database: Database, times: StageOneTimes): Promise<number | undefined> {
  const crossover = computeCrossover(times);
  if (crossover === undefined) return undefined;
  await transact(database, operatorScope, (execute) => execute(recordCrossoverStatement(crossover, times)));
  return crossover;
}
