import { expect, test } from 'vitest';
import { waitForVectors } from '../../src/cli/wait-for-vectors.ts';

const never = new AbortController().signal;
const fast = { pollMs: 1, stallMs: 5, giveUpMs: 20 };

/** Answers in turn; the last one again and again. */
function answers(...pending: number[]) {
  return async () => (pending.length > 1 ? (pending.shift() ?? 0) : (pending[0] ?? 0));
}

test('the wait ends when nothing waits any more', async () => {
  const seen: number[] = [];
  const readPending = answers(7, 7, 4, 9, 0);
  expect(await waitForVectors({ ...fast, signal: never, readPending, onPending: (n) => seen.push(n) })).toBe(0);
  expect(seen).toEqual([7, 7, 4, 9, 0]);
});

test('a wait without progress is told once, and given up later', async () => {
  const stalls: number[] = [];
  const onStall = (pending: number) => stalls.push(pending);
  expect(await waitForVectors({ ...fast, signal: never, readPending: answers(9, 5), onStall })).toBe(5);
  expect(stalls).toEqual([5]);
});

test('progress, however slow, is waited for', async () => {
  const countdown = Array.from({ length: 60 }, (_, index) => 20 - Math.floor(index / 3));
  expect(await waitForVectors({ ...fast, signal: never, readPending: answers(...countdown, 0) })).toBe(0);
});

test('the wait ends when it is told to', async () => {
  const stop = new AbortController();
  const waiting = waitForVectors({ signal: stop.signal, readPending: answers(3), onPending: () => stop.abort() });
  expect(await waiting).toBe(3);
});
