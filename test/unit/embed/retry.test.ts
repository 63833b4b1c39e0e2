import { describe, expect, test } from 'vitest';
import { EmbedderError } from '../../../src/embed/embedder-error.ts';
import { type RetryClock, withRetries } from '../../../src/embed/retry.ts';

/** A clock that only waiting moves, and the waits. */
function createClock(random = 0.5): RetryClock & { readonly waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    nowMs: () => now,
    wait: async (delayMs) => {
      waits.push(delayMs);
      now += delayMs;
    },
    random: () => random,
  };
}

/** Fails with each of the errors in turn, then succeeds. */
function failing(...errors: Error[]) {
  let calls = 0;
  return {
    calls: () => calls,
    work: async () => {
      const error = errors[calls++];
      if (error) throw error;
      return 'done';
    },
  };
}

const passing = (retryAfterMs?: number) => new EmbedderError('EMBEDDER_UNAVAILABLE', 'down', { retryAfterMs });
const policy = { retries: 3, patienceMs: 60_000 };

describe('withRetries', () => {
  test('waits longer each time, by a random part', async () => {
    const clock = createClock(0.5);
    const { work } = failing(passing(), passing(), passing());
    expect(await withRetries(work, policy, undefined, clock)).toBe('done');
    expect(clock.waits).toEqual([125, 250, 500]);
    const hasty = createClock(0);
    await withRetries(failing(passing(), passing()).work, policy, undefined, hasty);
    expect(hasty.waits).toEqual([0, 0]);
  });

  test('waits at least as long as the provider asks', async () => {
    const clock = createClock(0.5);
    await withRetries(failing(passing(3_000)).work, policy, undefined, clock);
    expect(clock.waits).toEqual([3_125]);
  });

  test('gives up after the last attempt, with its failure', async () => {
    const last = passing();
    const { work, calls } = failing(passing(), passing(), passing(), last);
    await expect(withRetries(work, policy, undefined, createClock())).rejects.toBe(last);
    expect(calls()).toBe(4);
  });

  test('gives up with what was answered where the provider is left alone in the end', async () => {
    const answered = passing();
    const open = () => new EmbedderError('EMBEDDER_UNAVAILABLE', 'left alone', { unsent: 'circuit', retryAfterMs: 1 });
    await expect(
      withRetries(failing(answered, open(), open(), open()).work, policy, undefined, createClock()),
    ).rejects.toMatchObject({ message: answered.message, retryAfterMs: 1, unsent: undefined });
    const { work } = failing(open(), open(), open(), open());
    await expect(withRetries(work, policy, undefined, createClock())).rejects.toThrow('left alone');
  });

  test('gives up at once where the wait is longer than its patience', async () => {
    const clock = createClock();
    const { work, calls } = failing(passing(60_001));
    await expect(withRetries(work, policy, undefined, clock)).rejects.toThrow('down');
    expect([calls(), clock.waits]).toEqual([1, []]);
  });

  test.each([
    new EmbedderError('EMBEDDER_REJECTED', 'too long'),
    new EmbedderError('EMBEDDER_REJECTED', 'wrong key', { fault: 'configuration' }),
    new TypeError('a bug'),
  ])('does not repeat %s', async (error) => {
    const { work, calls } = failing(error);
    await expect(withRetries(work, policy, undefined, createClock())).rejects.toBe(error);
    expect(calls()).toBe(1);
  });

  test('stops waiting when its caller goes away', async () => {
    const caller = new AbortController();
    const reason = new Error('the client went away');
    const { work, calls } = failing(passing(30_000));
    const done = withRetries(work, policy, caller.signal);
    setImmediate(() => caller.abort(reason));
    await expect(done).rejects.toBe(reason);
    expect(calls()).toBe(1);
  });
});
