import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { TenantId } from '../ids.ts';
import { type BatchResult, embedBatch, type WorkerDeps } from './embed-batch.ts';
import { eraseTenants } from './erase-tenants.ts';
import { purgeOldRows } from './purge-old-rows.ts';
import { purgeRevokedTokens } from './purge-revoked-tokens.ts';
import { refreshTermStats } from './refresh-term-stats.ts';
import { unlessInactive } from './unless-inactive.ts';

export interface Worker {
  /** Says that jobs were written, so that the worker need not wait for its next look. */
  wake(): void;
  /** Ends after the batch in hand. */
  stop(): Promise<void>;
}

/** How long a worker that found nothing waits before it looks again. */
const pollMs = 1_000;
/** A tenant's terms are counted at the latest after this many batches of an import. */
const batchesBetweenCounts = 50;
/** How often revocations of tokens that have expired are cleared away. */
const purgeEveryMs = 600_000;

/** Starts the loop that embeds what waits. Faults are logged and tried again; it ends only when it is told to. */
export function startWorker(deps: WorkerDeps, log: Logger): Worker {
  const stopping = new AbortController();
  let wakeUp = Promise.withResolvers<void>();
  const done = loop();

  async function loop(): Promise<void> {
    let purgedAtMs = Number.NEGATIVE_INFINITY;
    while (!stopping.signal.aborted) {
      try {
        await drain(deps, stopping.signal, (batch) => log.debug(batch, 'embedded a batch'));
        await eraseTenants(deps.database, stopping.signal, (step) =>
          log[step.state === 'done' ? 'info' : 'debug'](step, 'a deleted tenant is erased'),
        );
        if (performance.now() - purgedAtMs >= purgeEveryMs) {
          await purgeRevokedTokens(deps.database);
          await purgeOldRows(deps);
          purgedAtMs = performance.now();
        }
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ err: error }, 'a round of the worker failed; it tries again');
      }
      if (stopping.signal.aborted) return;
      await Promise.race([wait(pollMs, undefined, { signal: stopping.signal }).catch(() => {}), wakeUp.promise]);
      wakeUp = Promise.withResolvers<void>();
    }
  }

  return {
    wake: () => wakeUp.resolve(),
    stop: async () => {
      stopping.abort();
      wakeUp.resolve();
      await done;
    },
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
  let embedded = 0;
  for (let batches = 1; !signal?.aborted; batches++) {
    const batch = await embedBatch(deps);
    if (batch.claimed === 0) break;
    onBatch(batch);
    embedded += batch.embedded;
    for (const tenantId of batch.tenants) touched.add(tenantId);
    if (batches % batchesBetweenCounts === 0) await countTerms(deps, touched);
  }
  await countTerms(deps, touched);
  return embedded;
}

async function countTerms(deps: WorkerDeps, tenants: Set<TenantId>): Promise<void> {
  for (const tenantId of tenants) await unlessInactive(refreshTermStats(deps.database, tenantId), []);
  tenants.clear();
}
