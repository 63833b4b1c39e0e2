import { expect, test } from 'vitest';
import { createSideWork } from '../../../src/worker/side-work.ts';

test('one piece of work is taken at a time, and waited for in the end', async () => {
  const side = createSideWork(() => {});
  const work = Promise.withResolvers<void>();
  expect(side.take(work.promise)).toBe(true);
  expect(side.take(Promise.resolve())).toBe(false);
  let isSettled = false;
  const settled = side.settled().then(() => {
    isSettled = true;
  });
  await new Promise(setImmediate);
  expect(isSettled).toBe(false);
  work.resolve();
  await settled;
  expect(side.take(Promise.resolve())).toBe(true);
});

test('work that fails is told of, and the next is taken', async () => {
  const failures: unknown[] = [];
  const side = createSideWork((error) => failures.push(error));
  const failure = new Error('it failed');
  side.take(Promise.reject(failure));
  await side.settled();
  expect([failures, side.take(Promise.resolve())]).toEqual([[failure], true]);
});
