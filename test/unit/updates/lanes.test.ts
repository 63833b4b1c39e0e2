import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLanes } from '../../../src/updates/lanes.ts';

/** Work that lasts until it is let go. */
function open(lanes: number) {
  const inTurn = createLanes(lanes);
  const begun: string[] = [];
  const running: (() => void)[] = [];
  const ask = (tenant: string, name: string) =>
    inTurn(tenant, () => {
      begun.push(name);
      return new Promise<void>((resolve) => running.push(resolve));
    });
  const finishOne = async () => {
    running.shift()?.();
    await turn();
  };
  return { ask, begun, finishOne };
}

test('a hundred questions of one tenant hold up the single one of another for no longer than one that runs', async () => {
  const { ask, begun, finishOne } = open(2);
  for (let question = 0; question < 100; question++) void ask('loud', `loud ${question}`);
  void ask('quiet', 'quiet');
  void ask('third', 'third');
  expect(begun).toEqual(['loud 0', 'loud 1']);
  await finishOne();
  expect(begun.slice(2)).toEqual(['quiet']);
  // Who waits by now has waited less long than the hundred, of which none runs any more.
  await finishOne();
  await finishOne();
  expect(begun.slice(3)).toEqual(['loud 2', 'third']);
  for (let question = 0; question < 100; question++) await finishOne();
  expect(begun.slice(5)).toEqual(Array.from({ length: 97 }, (_, index) => `loud ${index + 3}`));
});

test('one tenant has all lanes where nobody else asks, in the order in which it asked', async () => {
  const { ask, begun, finishOne } = open(2);
  for (const name of ['1', '2', '3', '4']) void ask('alone', name);
  expect(begun).toEqual(['1', '2']);
  await finishOne();
  await finishOne();
  expect(begun).toEqual(['1', '2', '3', '4']);
});

test('work that fails gives its lane back', async () => {
  const { ask, begun, finishOne } = open(1);
  const inTurn = createLanes(1);
  await expect(inTurn('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await inTurn('b', async () => 'done')).toBe('done');
  void ask('a', 'first');
  void ask('b', 'second');
  await finishOne();
  expect(begun).toEqual(['first', 'second']);
});
