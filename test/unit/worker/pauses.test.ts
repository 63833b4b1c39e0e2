import { beforeEach, expect, test } from 'vitest';
import { EmbedderError, type EmbedderErrorOptions } from '../../../src/embed/embedder-error.ts';
import { parseTenantId } from '../../../src/ids.ts';
import { createPauses, type Pauses } from '../../../src/worker/pauses.ts';

const [north, south] = [parseTenantId('north'), parseTenantId('south')];
const failure = (options: EmbedderErrorOptions, reason = 'later') =>
  new EmbedderError('EMBEDDER_UNAVAILABLE', reason, options);
const spent = (retryAfterMs: number) => failure({ unsent: 'budget', retryAfterMs });

let now: number;
let pauses: Pauses;
beforeEach(() => {
  now = 1_000;
  pauses = createPauses(() => now);
});

test('a spent budget keeps back its tenant, until the time that was named', () => {
  pauses.note(spent(500), north);
  expect([pauses.tenants(), pauses.of(north), pauses.of(south), pauses.provider()]).toEqual([
    [north],
    { reason: 'later', waitMs: 500 },
    undefined,
    undefined,
  ]);
  now += 499;
  expect(pauses.of(north)?.waitMs).toBe(1);
  now += 1;
  expect([pauses.tenants(), pauses.of(north)]).toEqual([[], undefined]);
});

test('a provider that names a time keeps back everybody', () => {
  pauses.note(failure({ httpStatus: 429, retryAfterMs: 500 }), north);
  expect([pauses.provider()?.waitMs, pauses.of(south)?.waitMs, pauses.tenants()]).toEqual([500, 500, []]);
  now += 500;
  expect([pauses.provider(), pauses.of(south)]).toEqual([undefined, undefined]);
});

test('a provider that is left alone is one of these', () => {
  pauses.note(failure({ unsent: 'circuit', retryAfterMs: 5_000 }), north);
  expect(pauses.provider()?.waitMs).toBe(5_000);
});

test('of two times the later one counts, and none is longer than an hour', () => {
  pauses.note(spent(500), north);
  pauses.note(spent(100), north);
  expect(pauses.of(north)?.waitMs).toBe(500);
  pauses.note(spent(10 * 3_600_000), north);
  expect(pauses.of(north)?.waitMs).toBe(3_600_000);
});

test.each([
  ['a failure without a time', failure({ httpStatus: 503 })],
  ['a fault that is none of the provider', new Error('a bug')],
])('%s keeps nobody back', (_, error) => {
  pauses.note(error, north);
  expect([pauses.provider(), pauses.tenants()]).toEqual([undefined, []]);
});
