import { beforeEach, describe, expect, test } from 'vitest';
import { type CircuitBreaker, createCircuitBreaker } from '../../../src/embed/circuit-breaker.ts';
import { EmbedderError } from '../../../src/embed/embedder-error.ts';

const down = new EmbedderError('EMBEDDER_TIMEOUT', 'silence');
let now: number;
let breaker: CircuitBreaker;
let asked: number;
let changes: number[];

beforeEach(() => {
  now = 0;
  asked = 0;
  changes = [];
  breaker = createCircuitBreaker({
    failures: 3,
    pauseMs: 1_000,
    longestPauseMs: 3_000,
    nowMs: () => now,
    onChange: (openMs) => changes.push(openMs),
  });
});

async function call(error?: Error, isSuspect?: boolean): Promise<string> {
  try {
    return await breaker.run(async () => {
      asked++;
      if (error) throw error;
      return 'done';
    }, isSuspect);
  } catch (caught) {
    return (caught as Error).message;
  }
}

async function open(): Promise<void> {
  for (let i = 0; i < 3; i++) await call(down);
}

describe('the circuit', () => {
  test('opens after failures in a row, and is then not asked', async () => {
    await open();
    expect(await call()).toMatch(/failed 3 times in a row, and is asked again in 1 s/);
    expect(asked).toBe(3);
  });

  test('has the failures that open it, or find it open, name the time until which it is', async () => {
    const waits: (number | undefined)[] = [];
    const fail = async (error: EmbedderError) => {
      const failing = () => breaker.run(() => Promise.reject(error));
      waits.push(await failing().catch((caught: EmbedderError) => caught.retryAfterMs));
    };
    for (let i = 0; i < 3; i++) await fail(down);
    now += 1_000;
    await fail(down);
    now += 2_000;
    await fail(new EmbedderError('EMBEDDER_TIMEOUT', 'silence', { retryAfterMs: 60_000 }));
    expect(waits).toEqual([undefined, undefined, 1_000, 2_000, 60_000]);
  });

  test('stays closed where successes come between', async () => {
    for (let i = 0; i < 10; i++) {
      await call(down);
      await call(down);
      expect(await call()).toBe('done');
    }
  });

  test.each([
    ['a rate limit', new EmbedderError('EMBEDDER_UNAVAILABLE', 'slower', { httpStatus: 429 })],
    ['a text that is too long', new EmbedderError('EMBEDDER_REJECTED', 'too long')],
    ['a caller who went away', new Error('gone')],
  ])('does not open for %s', async (_, error) => {
    for (let i = 0; i < 10; i++) await call(error);
    expect(await call()).toBe('done');
    expect(asked).toBe(11);
  });

  test('is not closed by a caller who went away in between', async () => {
    await call(down);
    await call(down);
    await call(new Error('gone'));
    await call(down);
    expect(await call()).toMatch(/in a row/);
  });

  test('lets one call try after the pause, and closes when it succeeds', async () => {
    await open();
    now = 1_000;
    const trial = Promise.withResolvers<string>();
    const trying = breaker.run(() => trial.promise);
    expect(await call()).toMatch(/is asked again/);
    trial.resolve('alive');
    expect(await trying).toBe('alive');
    expect(await call()).toBe('done');
  });

  test('stays open twice as long each time that the trial fails, up to a limit', async () => {
    await open();
    for (const pauseMs of [1_000, 2_000, 3_000, 3_000]) {
      now += pauseMs - 1;
      expect(await call()).toMatch(/is asked again/);
      now += 1;
      expect(await call(down)).toBe('silence');
    }
    now += 3_000;
    expect(await call()).toBe('done');
    await open();
    now += 1_000;
    expect(await call()).toBe('done');
    expect(changes).toEqual([1_000, 2_000, 3_000, 3_000, 3_000, 0, 1_000, 0]);
  });

  test('is neither opened nor kept open by what is suspected of making the provider fail, and closed by its success', async () => {
    for (let i = 0; i < 10; i++) expect(await call(down, true)).toBe('silence');
    await open();
    now = 1_000;
    expect(await call(down, true)).toBe('silence');
    expect(await call(undefined, true)).toBe('done');
    expect(changes).toEqual([1_000, 0]);
  });

  test('lets another try where the one who tried went away', async () => {
    await open();
    now = 1_000;
    expect(await call(new Error('gone'))).toBe('gone');
    expect(await call()).toBe('done');
  });
});
