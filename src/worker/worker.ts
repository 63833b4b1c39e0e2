import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { TenantId } from '../ids.ts';
import { createClearing } from './clearing.ts';
import type { BatchResult, WorkerDeps } from './embed-batch.ts';
import { embedWaiting, pollMs } from './embed-waiting.ts';
import { fillModels } from './fill-models.ts';
import { createPauses } from './pauses.ts';
import { refreshTermStats } from './refresh-term-stats.ts';
import { createSideWork } from './side-work.ts';
import { unlessInactive } from './unless-inactive.ts';

export interface Worker {
  /** Says that there is something to do, so that the worker need not wait for its next look. */
  wake(): void;
  /** Ends after the batch in hand. */
  stop(): Promise<void>;
}

/** A tenant's terms are counted at the latest after this many batches of an import. */
const batchesBetweenCounts = 50;

/**
 * Starts the loops that embed what waits, follow attached tables, fill models and clear away what is to go: one beside the other,
 * so that however long one has to do, and whatever keeps it from being done, the others go on. Faults are logged and tried
 * again; it ends only when it is told to.
 */
export function startWorker(deps: WorkerDeps, log: Logger): Worker {
  const stopping = new AbortController();
  const terms = createTermCounter(deps, log, stopping.signal);
  let bell = Promise.withResolvers<void>();
  // Whoever listened before is woken; what comes later is for whoever listens then.
  const ring = () => {
    const { resolve } = bell;
    bell = Promise.withResolvers<void>();
    resolve();
  };
  const note = (batch: BatchResult) => {
    log.debug(batch, 'embedded a batch');
    terms.note(batch.tenants);
  };
  const { other, applyChanges } = deps;
  const side = createSideWork((error) => log.error({ err: error }, 'texts could not be sent apart; it is tried again'));
  const woken = () => bell.promise;
  const options = { signal: stopping.signal, onBatch: note, side, woken };
  const [pauses, otherPauses] = [createPauses(), createPauses()];
  const done = Promise.all([
    repeat(embedActive),
    ...(other ? [repeat(() => embedWaiting({ ...deps, ...other }, { ...options, pauses: otherPauses }))] : []),
    ...(applyChanges ? [repeat(() => followTables(applyChanges))] : []),
    repeat(keepModels),
    // Not woken: while others write, there is nothing more to clear away than a look a second finds.
    repeat(createClearing(deps, log, stopping.signal), { wakes: false }),
  ]);

  async function embedActive(): Promise<void> {
    await embedWaiting(deps, { ...options, pauses });
    terms.countSoon();
  }

  async function followTables(apply: NonNullable<WorkerDeps['applyChanges']>): Promise<void> {
    while (!stopping.signal.aborted && (await apply(stopping.signal)) > 0) ring();
  }

  async function keepModels(): Promise<void> {
    await fillModels(deps.database, stopping.signal, (step) => {
      log[step.state === 'done' ? 'info' : 'debug'](step, "a tenant's model is filled or emptied");
      if (step.state === 'more' || step.state === 'done') ring();
    });
  }

  async function repeat(work: () => Promise<unknown>, { wakes } = { wakes: true }): Promise<void> {
    while (!stopping.signal.aborted) {
      // What is written from here on is found by this look, or wakes the worker for the next one.
      const rung = woken();
      try {
        await work();
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ err: error }, 'a round of the worker failed; it tries again');
      }
      if (stopping.signal.aborted) return;
      const pause = wait(pollMs, undefined, { signal: stopping.signal }).catch(() => {});
      await (wakes ? Promise.race([pause, rung]) : pause);
    }
  }

  return {
    wake: ring,
    stop: async () => {
      stopping.abort();
      ring();
      await done;
      await Promise.all([side.settled(), terms.settled()]);
    },
  };
}

/**
 * Counts the terms of tenants beside the embedding: counting those of 100,000 chunks took half a minute, for which nobody's
 * edit is to wait.
 */
function createTermCounter(deps: WorkerDeps, log: Logger, stopping: AbortSignal) {
  const touched = new Set<TenantId>();
  let batches = 0;
  let running: Promise<void> | undefined;
  const run = async () => {
    try {
      await countTerms(deps, touched, stopping);
    } catch (error) {
      if (!stopping.aborted) log.error({ err: error }, 'terms could not be counted; it is tried again');
    }
    running = undefined;
  };
  const countSoon = () => {
    if (touched.size > 0) running ??= run();
  };
  return {
    countSoon,
    note: (tenants: readonly TenantId[]) => {
      for (const tenantId of tenants) touched.add(tenantId);
      if (++batches % batchesBetweenCounts === 0) countSoon();
    },
    settled: () => running,
  };
}

/**
 * Writes what waits from attached tables and embeds until nothing waits, then counts the terms of every tenant that was touched.
 * @returns the number of chunks that were embedded.
 */
export async function drain(
  deps: WorkerDeps,
  signal?: AbortSignal,
  onBatch: (batch: BatchResult) => void = () => {},
): Promise<number> {
  const touched = new Set<TenantId>();
  const note = (batch: BatchResult) => {
    onBatch(batch);
    for (const tenantId of batch.tenants) touched.add(tenantId);
  };
  while (!signal?.aborted && ((await deps.applyChanges?.(signal)) ?? 0) > 0);
  let embedded = 0;
  for (const one of deps.other ? [deps, { ...deps, ...deps.other }] : [deps])
    embedded += await embedWaiting(one, { signal, onBatch: note });
  await countTerms(deps, touched);
  return embedded;
}

async function countTerms(deps: WorkerDeps, tenants: Set<TenantId>, signal?: AbortSignal): Promise<void> {
  for (const tenantId of tenants) {
    if (signal?.aborted) return;
    await unlessInactive(refreshTermStats(deps.database, tenantId), []);
    tenants.delete(tenantId);
  }
}
