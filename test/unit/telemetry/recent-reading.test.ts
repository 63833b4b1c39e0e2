import { expect, test } from 'vitest';
import { createRecentReading } from '../../../src/telemetry/recent-reading.ts';

test('is shared for some seconds, and read anew then', async () => {
  let [now, reads] = [0, 0];
  const read = createRecentReading(
    async () => ++reads,
    () => {},
    () => now,
  );
  expect(await Promise.all([read(), read()])).toEqual([1, 1]);
  now = 4_999;
  expect(await read()).toBe(1);
  now = 5_000;
  expect(await read()).toBe(2);
});

test('what could not be read is nothing, is told, and is tried again', async () => {
  let now = 0;
  const told: unknown[] = [];
  const down = new Error('down');
  const read = createRecentReading(
    () => (now === 0 ? Promise.reject(down) : Promise.resolve('up')),
    (error) => told.push(error),
    () => now,
  );
  expect(await read()).toBeUndefined();
  expect(told).toEqual([down]);
  now = 5_000;
  expect(await read()).toBe('up');
});
