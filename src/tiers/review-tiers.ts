import { type Database, readInFlight, transact } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { type BuildOptions, buildIndex } from './build-index.ts';
import { cancelWhenAborted } from './cancel-when-aborted.ts';
import { crossoverStatement, toCrossover } from './crossover.ts';
import { defaultWordCrossover, tierThresholds } from './decide-tier.ts';
import { graphKind } from './graph-index.ts';
import { dropIndexStatement, storedIndexesStatement } from './index-statements.ts';
import { graphState, wordState } from './index-states.ts';
import { type MaintenanceSession, withMaintenance } from './maintenance-session.ts';
import { inOrder, type PlannedStep, planTiers } from './plan-tiers.ts';
import { notLoadedStatement, recordCountsStatement, tierStatesStatement } from './tier-statements.ts';
import { wordKind } from './word-index.ts';
import { wordStatesStatement } from './word-statements.ts';

export interface ReviewOptions extends BuildOptions {
  /** Chunks at which the graph becomes worth it; without it what was measured on the spot, else 12,000. */
  readonly crossover?: number;
  /** Chunks of a language at which a word index becomes worth it; without it 12,000. */
  readonly wordCrossover?: number;
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
  /** Builds that were not begun, because the tenant is being loaded: an index that is there slows a load down. */
  readonly waiting: readonly PlannedStep[];
}

/**
 * Counts every tenant's vectors and brings its tiers in line with them and with the chunks of its languages: graphs and
 * word indexes are built, adopted and dropped, one at a time, while searches and writes go on. Whatever an earlier review left half done is found in the catalog and ended.
 * @param owner a pool of the schema's owner with at least two connections.
 * @throws {StartupError} when the login does not own the table. {Refusal} `DATABASE_UNAVAILABLE`. The signal's reason.
 */
export async function reviewTiers(owner: Database, options: ReviewOptions = {}): Promise<TierReview> {
  const review = await withMaintenance(owner, async (session) => {
    const changes: TierChange[] = [];
    const failures: FailedStep[] = [];
    const waiting: PlannedStep[] = [];
    for (const step of await planReview(owner, options)) {
      options.signal?.throwIfAborted();
      if (await waitsForLoad(owner, step)) {
        waiting.push(step);
        continue;
      }
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
    return { busy: false, changes, failures, waiting };
  });
  return review ?? { busy: true, changes: [], failures: [], waiting: [] };
}

async function planReview(
  owner: Database,
  { crossover, wordCrossover = defaultWordCrossover }: Pick<ReviewOptions, 'crossover' | 'wordCrossover'>,
): Promise<PlannedStep[]> {
  await transact(owner, operatorScope, (execute) => execute(recordCountsStatement()));
  const [vectors, graphs, stored, words, wordIndexes] = await readInFlight(owner, operatorScope, [
    tierStatesStatement(),
    storedIndexesStatement(graphKind),
    crossoverStatement(),
    wordStatesStatement(),
    storedIndexesStatement(wordKind),
  ]);
  const graphSizes = tierThresholds(crossover ?? toCrossover(stored).chunks);
  const wordSizes = tierThresholds(wordCrossover);
  const graphStates = vectors.map((one) => graphState(one, graphSizes));
  const wordStates = words.map((one) => wordState(one, wordSizes));
  return inOrder([...planTiers('graph', graphStates, graphs), ...planTiers('words', wordStates, wordIndexes)]);
}

/** Asked right before a build, which may be long after it was planned. A load that begins behind it finds the index in its way. */
async function waitsForLoad(owner: Database, { step, state }: PlannedStep): Promise<boolean> {
  if (!state || (step !== 'build' && step !== 'rebuild')) return false;
  const asked = await transact(owner, operatorScope, (execute) => execute(notLoadedStatement(state.target.tenantId)));
  return asked[0]?.isFree === false;
}

/**
 * An index is recorded only once it is valid, and taken from the record before it goes. So a stop between the two leaves
 * an index that is not recorded, which the next review adopts or drops; never the other way round.
 */
async function takeStep(
  owner: Database,
  session: MaintenanceSession,
  { step, index, state }: PlannedStep,
  options: BuildOptions,
): Promise<void> {
  const drop = () =>
    cancelWhenAborted(owner, session.pid, options.signal, () => session.run(dropIndexStatement(index)));
  if (!state) return drop();
  const { kind, target } = state;
  const record = (name: string | null) =>
    transact(owner, operatorScope, async (execute) => {
      await execute(kind.recordStatement(target, name));
    });
  switch (step) {
    case 'build':
    case 'rebuild':
      if (step === 'rebuild') await drop();
      await buildIndex(owner, session, state, options);
      return record(index);
    case 'adopt':
      await session.run(kind.analyzeStatement());
      return record(index);
    case 'drop':
      await record(null);
      return drop();
    case 'forget':
      return record(null);
  }
}
