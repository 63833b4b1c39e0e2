import { transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import type { CallLanes } from './call-lanes.ts';
import { type Call, type CallDeps, embedCall } from './embed-call.ts';
import { claimJobsStatement } from './job-statements.ts';
import type { Pauses } from './pauses.ts';
import type { SideWork } from './side-work.ts';
import { unlessInactive } from './unless-inactive.ts';

export interface WorkerDeps extends CallDeps {
  /** Calls to the provider at a time; 1 without it. */
  readonly concurrency?: number;
  /** A second model, which is as much the worker's as the first; as many calls at a time unless it says otherwise. */
  readonly other?: Pick<WorkerDeps, 'embedder' | 'modelId' | 'concurrency'> | undefined;
  /** Days for which the audit log is kept; for ever without it. */
  readonly auditRetentionDays?: number | undefined;
  /** Days for which queries are kept, where any are; a month without it. */
  readonly sampleDays?: number;
  /** How long deleted documents may be restored, in hours; a week without it. */
  readonly deletedHours?: number;
  /** Writes some of what waits from attached tables, and says how much; absent where no table is attached. */
  readonly applyChanges?: (signal?: AbortSignal) => Promise<number>;
}

/** What became of one batch of jobs. */
export interface BatchResult {
  readonly claimed: number;
  readonly embedded: number;
  readonly failed: number;
  readonly tenants: readonly TenantId[];
}

/** By what the calls of a batch go. */
export interface BatchOptions {
  /** In which the calls are made: those of the batch before may be under way. */
  readonly lanes: CallLanes;
  /** What would only be put off again is not claimed, and nothing at all while the provider wants to be left alone. */
  readonly pauses: Pauses;
  /**
   * Takes calls whose texts are sent apart, which takes several timeouts of a provider that is silent. They are among the failed
   * ones of the result. Without it they are waited for.
   */
  readonly side?: SideWork | undefined;
}

/** A batch of which the last call has begun. */
export interface BegunBatch {
  readonly claimed: number;
  /** When its last call has ended. Rejects with why one could not be made or its vectors not be written. */
  readonly result: Promise<BatchResult>;
}

/** A claim comes back after this long if its worker dies. */
const leaseSeconds = 120;

/**
 * Claims jobs for a call in each lane, and begins the calls as lanes become free.
 * @returns when the last one has begun: whoever claims again when a lane is free keeps all of them busy, however long one call
 *   takes.
 */
export async function beginBatch(deps: WorkerDeps, { lanes, pauses, side }: BatchOptions): Promise<BegunBatch> {
  const calls = pauses.provider() ? [] : await claimCalls(deps, lanes.most, pauses);
  const claimed = calls.reduce((sum, { jobs }) => sum + jobs.length, 0);
  const faults: unknown[] = [];
  const ended: Promise<number>[] = [];
  for (const call of calls) {
    await lanes.free();
    // The database is not to be had: their claim runs out, and whoever can claims them.
    if (faults.length >= lanes.most) break;
    const done = makeCall(deps, call, pauses, side).catch((error: unknown) => {
      faults.push(error);
      return 0;
    });
    lanes.take(done);
    ended.push(done);
  }
  const finish = async (): Promise<BatchResult> => {
    const embedded = (await Promise.all(ended)).reduce((sum, done) => sum + done, 0);
    if (faults.length > 0) throw faults[0];
    const tenants = [...new Set(calls.map(({ tenantId }) => tenantId))];
    return { claimed, embedded, failed: claimed - embedded, tenants };
  };
  return { claimed, result: finish() };
}

async function claimCalls(
  { database, embedder: { maxBatch }, modelId }: WorkerDeps,
  most: number,
  pauses: Pauses,
): Promise<Call[]> {
  const claim = claimJobsStatement(modelId, maxBatch * most, leaseSeconds, pauses.tenants());
  const jobs = await transact(database, workerScope(), (execute) => execute(claim));
  const calls: Call[] = [];
  // What was edited is in the calls that begin first: the others may wait for a lane.
  const inOrder = jobs.toSorted((a, b) => Number(a.isBulk) - Number(b.isBulk));
  for (const [tenantId, claimed] of Map.groupBy(inOrder, (job) => job.tenantId)) {
    for (let start = 0; start < claimed.length; start += maxBatch)
      calls.push({ tenantId, jobs: claimed.slice(start, start + maxBatch) });
  }
  return calls;
}

/** @returns how many chunks are done, when the call's lane is free again. */
async function makeCall(deps: WorkerDeps, call: Call, pauses: Pauses, side: SideWork | undefined): Promise<number> {
  const apart = Promise.withResolvers<void>();
  // Suspended meanwhile, its jobs wait: they are nobody's once the claim has run out, and claimed again when it is resumed.
  const work = unlessInactive(embedCall(deps, call, pauses, apart.resolve), 0);
  const ended = work.then(
    () => false,
    () => false,
  );
  const isTaken = side && (await Promise.race([ended, apart.promise.then(() => side.take(work))]));
  return isTaken ? 0 : await work;
}
