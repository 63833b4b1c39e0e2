import { describe, expect, test } from 'vitest';
import { mean, percentile, recallAt, withoutItself } from '../../../src/recall/recall-measures.ts';
import type { Found } from '../../../src/recall/recall-statements.ts';

const found = (...distances: number[]) =>
  distances.map((distance, index) => ({ chunkId: `c${index}`, distance })) as Found[];

describe('recall', () => {
  test('is the share of the nearest that were found', () => {
    expect(recallAt(2, found(-0.9, -0.8), found(-0.9, -0.8, -0.7))).toBe(1);
    expect(recallAt(2, found(-0.9, -0.7), found(-0.9, -0.8, -0.7))).toBe(0.5);
    expect(recallAt(2, found(), found(-0.9, -0.8))).toBe(0);
  });

  test('takes either of two that are equally near', () => {
    expect(recallAt(2, found(-0.9, -0.8), found(-0.9, -0.8, -0.8, -0.8))).toBe(1);
    expect(recallAt(2, found(-0.8, -0.8, -0.8), found(-0.9, -0.8, -0.8))).toBe(1);
  });

  test('asks for no more than there is', () => {
    expect(recallAt(10, found(-0.9), found(-0.9))).toBe(1);
    expect(recallAt(10, found(), found())).toBe(1);
  });

  test('is measured without the chunk that the query was taken from', () => {
    const [first, second] = found(-1, -0.5) as [Found, Found];
    expect(withoutItself(first.chunkId, [first, second])).toEqual([second]);
  });
});

describe('a percentile', () => {
  test('is a value that was measured, by nearest rank', () => {
    expect(percentile([3, 1, 2, 4], 0.5)).toBe(2);
    expect(percentile([3, 1, 2, 4], 0.95)).toBe(4);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBe(0);
  });

  test('and a mean of nothing is nothing', () => {
    expect([mean([1, 2, 3]), mean([])]).toEqual([2, 0]);
  });
});
