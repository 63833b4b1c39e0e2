import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../db/database.ts';
import { markProgress } from './progress-marks.ts';
import { type ReviewOptions, reviewTiers } from './review-tiers.ts';

export interface TierKeeperDeps {
  /** A pool of the schema's owner with at least two connections. */
  readonly owner: Database;
  /** Between two reviews; a minute unless told otherwise. */
  readonly everyMs?: number;
  readonly options?: Pick<ReviewOptions, 'crossover' | 'wordCrossover' | 'mostMemoryMb' | 'parallelWorkers'>;
}

export interface TierKeeper {
  /** Ends at once: a build in hand is cancelled and its remains are dropped. */
  stop(): Promise<void>;
}

const defaultEveryMs = 60_000;
/** A build that failed will most likely fail again, after as long a time. */
const pauseAfterFailure = 10;

/** Starts the loop that reviews tiers. Faults are logged and tried again; it ends only when it is told to. */
export function startTierKeeper(deps: TierKeeperDeps, log: Logger): TierKeeper {
  const stopping = new AbortController();
  const { signal } = stopping;
  const done = loop();

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      let pauseMs = deps.everyMs ?? defaultEveryMs;
      try {
        const { changes, failures, waiting } = await reviewTiers(deps.owner, {
          ...deps.options,
          signal,
          onProgress: markProgress(({ index, phase, percent }) =>
            log.info({ index, phase, percent }, 'an index is being built'),
          ),
          onStep: ({ step, kind, index, state }) =>
            log.info({ step, kind, index, ...state?.target, chunks: state?.chunks }, 'a tier changes'),
        });
        for (const { step, index, tookMs } of changes)
          log.info({ step, index, tookMs: Math.round(tookMs) }, 'a tier has changed');
        for (const { step, index, error } of failures)
          log.error({ err: error, step, index }, 'a tier could not be changed; it is tried again');
        for (const { step, index, state } of waiting)
          log.info({ step, index, ...state?.target }, 'a tier waits for the load of its tenant to end');
        if (failures.length > 0) pauseMs *= pauseAfterFailure;
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, 'tiers could not be reviewed; it is tried again');
      }
      await wait(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  return {
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
