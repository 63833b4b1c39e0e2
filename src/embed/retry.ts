import { setTimeout as sleep } from 'node:timers/promises';
import { askedAgainIn, EmbedderError } from './embedder-error.ts';

export interface RetryPolicy {
  /** Further attempts after the first. */
  readonly retries: number;
  /** No wait that would end later than this after the first attempt began is begun. */
  readonly patienceMs: number;
}

/** Time and chance, which tests replace. */
export interface RetryClock {
  readonly nowMs: () => number;
  readonly wait: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
}

const systemClock: RetryClock = {
  nowMs: () => performance.now(),
  wait: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
  random: Math.random,
};

/** The first wait is at most this long, and each further one at most twice as long. */
const firstDelayMs = 250;
const longestDelayMs = 8_000;

/**
 * Does something again where its failure may pass: after the time that the provider asks for, a little more so that not
 * everybody comes back at once, or else after a random part of a wait that doubles ("full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 * @throws the last failure of what was sent, with the time until which nothing more is, or why nothing was; the signal's reason when it
 *   ends a wait.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  { retries, patienceMs }: RetryPolicy,
  signal?: AbortSignal,
  { nowMs, wait, random }: RetryClock = systemClock,
): Promise<T> {
  const giveUpAtMs = nowMs() + patienceMs;
  let lastSent: EmbedderError | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EmbedderError) || error.fault !== 'passing') throw error;
      if (error.unsent === undefined) lastSent = error;
      const reason = lastSent ? askedAgainIn(lastSent, error.retryAfterMs) : error;
      if (attempt === retries) throw reason;
      const longest = Math.min(longestDelayMs, firstDelayMs * 2 ** attempt);
      const delayMs = (error.retryAfterMs ?? 0) + random() * longest;
      if (nowMs() + delayMs > giveUpAtMs) throw reason;
      await wait(delayMs, signal).catch((reason: unknown) => {
        signal?.throwIfAborted();
        throw reason;
      });
    }
  }
}
