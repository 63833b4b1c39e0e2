import { setTimeout as wait } from 'node:timers/promises';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { type CountDeps, countDrift, type DriftTally } from './count-drift.ts';
import type { DriftDeps } from './find-drift.ts';
import { noteLook } from './look-notes.ts';

/** One look at everything. */
export interface DriftReport {
  readonly drifts: readonly DriftTally[];
  /** Pauses included. */
  readonly tookMs: number;
  /** When it ended. */
  readonly at: Date;
}

export interface DriftMonitorDeps extends Omit<DriftDeps, 'afterPage'> {
  /** In the order in which they are looked at. */
  readonly readTenants: () => Promise<readonly TenantId[]>;
  /** From the end of a look to the beginning of the next. */
  readonly everyMs: number;
  readonly onReport?: ((report: DriftReport) => void) | undefined;
}

export interface DriftMonitor {
  /** Ends after the statement in hand. */
  stop(): Promise<void>;
}

/**
 * After each statement it pauses for so many times as long: it takes a tenth of one connection's time, however
 * much there is. 50,000 chunks with vectors of 256 components took 3.5 s of statements, so 35 s with the pauses.
 */
const pauseFactor = 9;

/**
 * Starts the loop that looks for drift, at once and then again and again. What it finds is logged, and noted of each tenant as soon
 * as that was looked at; it mends nothing.
 */
export function startDriftMonitor(deps: DriftMonitorDeps, log: Logger): DriftMonitor {
  const stopping = new AbortController();
  const { signal } = stopping;
  const afterPage = async (tookMs: number) => {
    await wait(pauseFactor * tookMs, undefined, { signal });
  };
  const onTenant: NonNullable<CountDeps['onTenant']> = (tenant, found) => noteLook(deps.database, tenant, found);
  const done = loop();

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      const startedMs = performance.now();
      try {
        const drifts = await countDrift({ ...deps, afterPage, onTenant }, await deps.readTenants());
        if (drifts.length > 0) {
          const rows = drifts.reduce((sum, { count }) => sum + count, 0);
          const tenants = new Set(drifts.map(({ tenant }) => tenant)).size;
          log.warn({ rows, tenants }, 'documents, chunks and vectors are out of step; "tessera reconcile" tells which');
        }
        deps.onReport?.({ drifts, tookMs: performance.now() - startedMs, at: new Date() });
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, 'drift could not be looked for; it is tried again');
      }
      await wait(deps.everyMs, undefined, { signal }).catch(() => {});
    }
  }

  return {
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
