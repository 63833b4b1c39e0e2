import { expect, test } from 'vitest';
import { EmbedderError } from '../../../src/embed/embedder-error.ts';
import { delayOf, delayOfPause } from '../../../src/worker/put-off.ts';

const pause = { reason: 'busy', waitMs: 60_000 };

test('what a spent budget kept back comes at the time that the budget named, and was no attempt', () => {
  const spent = new EmbedderError('EMBEDDER_UNAVAILABLE', 'spent', { unsent: 'budget', retryAfterMs: 60_000 });
  expect(delayOf(spent, pause, 0.9)).toEqual({ reason: 'spent', waitMs: 60_000, wasSent: false });
  expect(delayOfPause(pause)).toEqual({ reason: 'busy', waitMs: 60_000, wasSent: false });
});

test('what a provider wants later comes not before that, and up to a tenth later', () => {
  const busy = new EmbedderError('EMBEDDER_UNAVAILABLE', 'busy', { httpStatus: 429, retryAfterMs: 60_000 });
  expect(delayOf(busy, pause, 0)).toEqual({ reason: 'busy', waitMs: 60_000, wasSent: true });
  expect(delayOf(busy, pause, 0.5)).toEqual({ reason: 'busy', waitMs: 63_000, wasSent: true });
});

test('whatever names no time waits by its attempts', () => {
  const down = new EmbedderError('EMBEDDER_TIMEOUT', 'silence');
  expect(delayOf(down, undefined, 0.5)).toEqual({ reason: 'silence', wasSent: true });
  expect(delayOf(new Error('a bug'), pause, 0.5)).toEqual({ reason: 'a bug', wasSent: true });
});
