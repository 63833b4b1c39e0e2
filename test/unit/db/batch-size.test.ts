import { expect, test } from 'vitest';
import { createBatchSize } from '../../../src/db/batch-size.ts';
import { Refusal } from '../../../src/errors.ts';

const tooLong = () => new Refusal('STATEMENT_TIMEOUT', 'The statement took too long.');

/** A step that takes too long for more than so many rows; notes what it was asked for. */
function stepOf(fits: number) {
  const asked: number[] = [];
  return {
    asked,
    step: async (most: number) => {
      asked.push(most);
      if (most > fits) throw tooLong();
      return most;
    },
  };
}

test('a step that takes too long is tried with fewer, and the next one begins there', async () => {
  const size = createBatchSize(500);
  const { asked, step } = stepOf(70);
  expect(await size.run(step)).toBe(63);
  expect(asked).toEqual([500, 63]);
  expect(await size.run(step)).toBe(10);
  expect(asked).toEqual([500, 63, 79, 10]);
});

test('what goes well is tried with more, up to the usual number', async () => {
  const size = createBatchSize(20);
  const { step } = stepOf(3);
  expect(await size.run(step)).toBe(3);
  const { asked, step: quick } = stepOf(100);
  for (let n = 0; n < 12; n++) await size.run(quick);
  expect(asked).toEqual([4, 5, 7, 9, 12, 15, 19, 20, 20, 20, 20, 20]);
});

test('a single row that takes too long, and any other fault, are told', async () => {
  await expect(createBatchSize(9).run(stepOf(0).step)).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' });
  const size = createBatchSize(9);
  const other = new Refusal('DATABASE_UNAVAILABLE', 'It is away.');
  await expect(size.run(() => Promise.reject(other))).rejects.toBe(other);
  expect(size.most).toBe(9);
});
