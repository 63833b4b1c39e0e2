import { expect, test } from 'vitest';
import { type LookUpLimits, limitLookUps } from '../../../src/access/limit-look-ups.ts';
import type { FoundKey } from '../../../src/access/revocations.ts';

const key = { id: 'key', revokedAt: null } as unknown as FoundKey;
const revoked = { ...key, revokedAt: new Date(0) } as FoundKey;

function limited(options: Partial<LookUpLimits> = {}) {
  const clock = { ms: 0 };
  let asked = 0;
  const lookUp = limitLookUps({ burst: 3, perSecond: 2, now: () => clock.ms, ...options });
  const outcome = (hash: string, found?: FoundKey) =>
    lookUp(hash, async () => {
      asked++;
      return found;
    }).then(
      (one) => (one ? 'found' : 'unknown'),
      (error: { code?: string }) => error.code,
    );
  return { clock, outcome, asked: () => asked };
}

test('invented keys reach the database up to the burst, and then as the seconds pass', async () => {
  const { clock, outcome, asked } = limited();
  const outcomes = [];
  for (let index = 0; index < 50; index++) outcomes.push(await outcome(`invented-${index}`));
  expect(outcomes.slice(0, 4)).toEqual(['unknown', 'unknown', 'unknown', 'TOO_MANY_UNKNOWN_KEYS']);
  expect(asked()).toBe(3);
  clock.ms += 1_000;
  for (let index = 50; index < 100; index++) await outcome(`invented-${index}`);
  expect(asked()).toBe(5);
});

test('a look-up that nobody waits for any more costs what an invented key does, and one that fails nothing', async () => {
  const lookUp = limitLookUps({ burst: 3, perSecond: 2, now: () => 0 });
  const codeOf = (hash: string, signal: AbortSignal) =>
    lookUp(hash, () => Promise.reject(new Error('no answer')), signal).catch((error: Error & { code?: string }) =>
      error.code === undefined ? error.message : error.code,
    );
  for (let index = 0; index < 10; index++)
    expect(await codeOf(`failed-${index}`, new AbortController().signal)).toBe('no answer');
  const outcomes = [];
  for (let index = 0; index < 4; index++) outcomes.push(await codeOf(`left-${index}`, AbortSignal.abort()));
  expect(outcomes).toEqual(['no answer', 'no answer', 'no answer', 'TOO_MANY_UNKNOWN_KEYS']);
});

test('the budget holds for look-ups at the same time, and never grows past the burst', async () => {
  const { clock, outcome, asked } = limited();
  clock.ms = 3_600_000;
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => outcome(`invented-${index}`)));
  expect([asked(), outcomes.filter((one) => one === 'TOO_MANY_UNKNOWN_KEYS').length]).toEqual([3, 17]);
});

test('the same invented key is looked up once a minute, and refused alike in between', async () => {
  const { clock, outcome, asked } = limited();
  for (let use = 0; use < 10; use++) expect(await outcome('invented')).toBe('unknown');
  expect(asked()).toBe(1);
  clock.ms += 60_000;
  expect([await outcome('invented'), asked()]).toEqual(['unknown', 2]);
});

test('keys that are found cost nothing, and one that was found is looked up in the middle of a flood', async () => {
  const { outcome } = limited();
  for (let index = 0; index < 10; index++) expect(await outcome(`key-${index}`, key)).toBe('found');
  for (let index = 0; index < 10; index++) await outcome(`invented-${index}`);
  expect(await outcome('key-3', key)).toBe('found');
  expect(await outcome('key-99', key), 'one that was never seen waits').toBe('TOO_MANY_UNKNOWN_KEYS');
});

test('a key that was revoked is looked up once a minute, and one that holds each time that it is asked for', async () => {
  const { clock, outcome, asked } = limited();
  for (let use = 0; use < 10; use++) expect(await outcome('revoked', revoked)).toBe('found');
  expect(asked()).toBe(1);
  clock.ms += 60_000;
  await outcome('revoked', revoked);
  expect(asked()).toBe(2);
  for (let use = 0; use < 3; use++) await outcome('key', key);
  expect(asked()).toBe(5);
});

test('a look-up that fails costs nothing and is not remembered', async () => {
  const lookUp = limitLookUps({ burst: 1, perSecond: 0, now: () => 0 });
  for (let use = 0; use < 5; use++) {
    await expect(lookUp('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  }
  expect(await lookUp('a', async () => key)).toBe(key);
});

test('what is remembered is bounded', async () => {
  const { outcome, asked } = limited({ burst: 1_000, maxRemembered: 2 });
  for (const name of ['a', 'b', 'c', 'c', 'b', 'a']) await outcome(name);
  expect(asked(), 'the oldest is looked up again').toBe(4);
});
