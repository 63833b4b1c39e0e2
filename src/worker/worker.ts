import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { TenantId } from '../ids.ts';
import { clearAway } from './clear-away.ts';
import { type BatchResult, embedBatch, type WorkerDeps } from './embed-batch.ts';
import { eraseTenants } from './erase-tenants.ts';
import { purgeDocuments } from './purge-documents.ts';
import { purgeOldRows } from './purge-old-rows.ts';
import { purgeRevokedTokens } from './purge-revoked-tokens.ts';
import { refreshTermStats } from './refresh-term-stats.ts';
import { unlessInactive } from './unless-inactive.ts';

export interface Worker {
  /** Says that there is something to do, so that the worker need not wait for its next look. */
  wake(): void;
  /** Ends after the batch in hand. */
  stop(): Promise<void>;
}

/** How long a worker that found nothing waits before it looks again. */
const pollMs = 1_000;
/** A tenant's terms are counted at the latest after this many batches of an import. */
const batchesBetweenCounts = 50;
/** Deleted documents may be restored for a week. */
const defaultDeletedHours = 168;
/** How often what has served its time is cleared away. */
const clearEveryMs = 600_000;

/** Starts the loop that embeds what waits. Faults are logged and tried again; it ends only when it is told to. */
export function startWorker(deps: WorkerDeps, log: Logger): Worker {
  const stopping = new AbortController();
  const terms = createTermCounter(deps, log, stopping.signal);
  let wakeUp = Promise.withResolvers<void>();
  const done = loop();

  async function loop(): Promise<void> {
    let clearedAtMs = Number.NEGATIVE_INFINITY;
    while (!stopping.signal.aborted) {
      // What is written from here on is found by this look, or wakes the worker for the next one.
      wakeUp = Promise.withResolvers<void>();
      try {
        await embedWaiting(deps, stopping.signal, (batch) => {
          log.debug(batch, 'embedded a batch');
          terms.note(batch.tenants);
        });
        terms.countSoon();
        await eraseTenants(deps.database, stopping.signal, (step) =>
          log[step.state === 'done' ? 'info' : 'debug'](step, 'a deleted tenant is erased'),
        );
        if (await purgeDocuments(deps.database, deps.deletedHours ?? defaultDeletedHours)) wakeUp.resolve();
        if (performance.now() - clearedAtMs >= clearEveryMs) {
          await purgeRevokedTokens(deps.database);
          await purgeOldRows(deps);
          await clearAway(deps.database);
          clearedAtMs = performance.now();
        }
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ err: error }, 'a round of the worker failed; it tries again');
      }
      if (stopping.signal.aborted) return;
      await Promise.race([wait(pollMs, undefined, { signal: stopping.signal }).catch(() => {}), wakeUp.promise]);
    }
  }

  return {
    wake: () => wakeUp.resolve(),
    stop: async () => {
      stopping.abort();
      wakeUp.resolve();
      await Promise.all([done, terms.settled()]);
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
 * Embeds until nothing waits, then counts the terms of every tenant that was touched.
 * @returns the number of chunks that were embedded.
 */
export async function drain(
  deps: WorkerDeps,
  signal?: AbortSignal,
  onBatch: (batch: BatchResult) => void = () => {},
): Promise<number> {
  const touched = new Set<TenantId>();
  const embedded = await embedWaiting(deps, signal, (batch) => {
    onBatch(batch);
    for (const tenantId of batch.tenants) touched.add(tenantId);
  });
  await countTerms(deps, touched);
  return embedded;
}

async function embedWaiting(
  deps: WorkerDeps,
  signal: AbortSignal | undefined,
  onBatch: (batch: BatchResult) => void,
): Promise<number> {
  let embedded = 0;
  while (!signal?.aborted) {
    // In turns, so that a long import keeps no application's change from being written.
    const applied = (await deps.applyChanges?.(signal)) ?? 0;
    const batch = await embedBatch(deps);
    if (batch.claimed === 0 && applied === 0) break;
    if (batch.claimed > 0) onBatch(batch);
    embedded += batch.embedded;
  }
  return embedded;
}

async function countTerms(deps: WorkerDeps, tenants: Set<TenantId>, signal?: AbortSignal): Promise<void> {
  for (const tenantId of tenants) {
    if (signal?.aborted) return;
    await unlessInactive(refreshTermStats(deps.database, tenantId), []);
    tenants.delete(tenantId);
  }
}
