import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../db/database.ts';

const cancelEveryMs = 300;

/**
 * Does something with a session's backend and cancels what that is doing once the signal says so, again and again: a
 * request that comes between two statements is lost.
 * @returns what the work returns.
 * @throws what the work throws; that is PostgreSQL's `query_canceled` when it was cancelled.
 */
export async function cancelWhenAborted<Result>(
  owner: Database,
  pid: number,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const cancelling = signal && cancelUntil(ended.signal);
  try {
    return await work();
  } finally {
    ended.abort();
    await cancelling;
  }

  async function cancelUntil(end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      if (signal?.aborted) await owner.pool.query('select pg_cancel_backend($1)', [pid]).catch(() => {});
      await wait(cancelEveryMs, undefined, { signal: end }).catch(() => {});
    }
  }
}
