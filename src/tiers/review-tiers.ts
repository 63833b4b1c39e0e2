import { type Database, readInFlight, transact } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { type BuildOptions, buildGraph } from './build-graph.ts';
import { cancelWhenAborted } from './cancel-when-aborted.ts';
import { crossoverStatement, toCrossover } from './crossover.ts';
import { tierThresholds } from './decide-tier.ts';
import { analyzeStatement, dropGraphStatement } from './graph-index.ts';
import { graphIndexesStatement } from './index-statements.ts';
import { type MaintenanceSession, withMaintenance } from './maintenance-session.ts';
import { type PlannedStep, planTiers } from './plan-tiers.ts';
import { recordCountsStatement, recordTierStatement, tierStatesStatement } from './tier-statements.ts';

export interface ReviewOptions extends BuildOptions {
  /** Chunks at which the graph becomes worth it; without it what was measured on the spot, else 12,000. */
  readonly crossover?: number;
  /** Called before each step. */
  readonly onStep?: (step: PlannedStep) => void;
}

/** A step that was taken. */
export interface TierChange extends PlannedStep {
  readonly tookMs: number;
}

/** A step that PostgreSQL refused, and why. */
export interface FailedStep extends PlannedStep {
  readonly error: unknown;
}

export interface TierReview {
  /** True when another process was reviewing, so that this one did nothing. */
  readonly busy: boolean;
  readonly changes: readonly TierChange[];
  /** They are tried again by the next review. */
  readonly failures: readonly FailedStep[];
}

/**
 * Counts every tenant's vectors and brings its tier in line with them: graphs are built, adopted and dropped, one at a
 * time, while searches and writes go on. Whatever an earlier review left half done is found in the catalog and ended.
 * @param owner a pool of the schema's owner with at least two connections.
 * @throws {StartupError} when the login does not own the table. {Refusal} `DATABASE_UNAVAILABLE`. The signal's reason.
 */
export async function reviewTiers(owner: Database, options: ReviewOptions = {}): Promise<TierReview> {
  const review = await withMaintenance(owner, async (session) => {
    const changes: TierChange[] = [];
    const failures: FailedStep[] = [];
    for (const step of await planReview(owner, options.crossover)) {
      options.signal?.throwIfAborted();
      options.onStep?.(step);
      const startedMs = performance.now();
      try {
        await takeStep(owner, session, step, options);
        changes.push({ ...step, tookMs: performance.now() - startedMs });
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(await session.isOpen())) throw error;
        failures.push({ ...step, error });
      }
    }
    return { busy: false, changes, failures };
  });
  return review ?? { busy: true, changes: [], failures: [] };
}

async function planReview(owner: Database, crossover: number | undefined): Promise<PlannedStep[]> {
  await transact(owner, operatorScope, (execute) => execute(recordCountsStatement()));
  const [states, indexes, stored] = await readInFlight(owner, operatorScope, [
    tierStatesStatement(),
    graphIndexesStatement(),
    crossoverStatement(),
  ]);
  return planTiers(states, indexes, tierThresholds(crossover ?? toCrossover(stored).chunks));
}

/**
 * A tier is recorded as `hnsw` only once its graph is valid, and as `exact` before its graph goes. So a stop between the
 * two leaves a graph that is used and not recorded, which the next review adopts or drops; never the other way round.
 */
async function takeStep(
  owner: Database,
  session: MaintenanceSession,
  { step, index, target, chunks }: PlannedStep,
  options: BuildOptions,
): Promise<void> {
  const record = async (graph: string | null) => {
    if (!target) return;
    const statement = recordTierStatement(target, graph === null ? 'exact' : 'hnsw', graph);
    await transact(owner, operatorScope, (execute) => execute(statement));
  };
  const drop = () =>
    cancelWhenAborted(owner, session.pid, options.signal, () => session.run(dropGraphStatement(index)));
  switch (step) {
    case 'build':
    case 'rebuild':
      if (!target) return;
      if (step === 'rebuild') await drop();
      await buildGraph(owner, session, target, chunks, options);
      return record(index);
    case 'adopt':
      await session.run(analyzeStatement());
      return record(index);
    case 'drop':
      await record(null);
      return drop();
    case 'forget':
      return record(null);
  }
}
