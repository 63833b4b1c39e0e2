import { expect, test } from 'vitest';
import { describesTenant } from '../../../src/recall/recall-curve.ts';

const curve = { tier: 'hnsw', chunks: 20_000 } as const;

test('a curve describes its tenant until that has twice or half the size', () => {
  for (const chunks of [10_000, 20_000, 40_000]) expect(describesTenant(curve, { tier: 'hnsw', chunks })).toBe(true);
  for (const chunks of [0, 9_999, 40_001]) expect(describesTenant(curve, { tier: 'hnsw', chunks })).toBe(false);
});

test('or is indexed in another way', () => {
  expect(describesTenant(curve, { tier: 'exact', chunks: 20_000 })).toBe(false);
});

test('and as long as nobody has counted, its size is taken for what it was', () => {
  expect(describesTenant(curve, { tier: 'hnsw', chunks: null })).toBe(true);
});
