import { expect, test } from 'vitest';
import { counted } from '../../src/counted.ts';

test('a number stands with its noun, which is singular for one only', () => {
  expect([0, 1, 2, 5_148].map((count) => counted(count, 'chunk'))).toEqual([
    '0 chunks',
    '1 chunk',
    '2 chunks',
    '5,148 chunks',
  ]);
  expect([1, 2].map((count) => counted(count, 'chunk waits', 'chunks wait'))).toEqual([
    '1 chunk waits',
    '2 chunks wait',
  ]);
});
