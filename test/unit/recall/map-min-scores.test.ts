import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapMinScores } from '../../../src/recall/map-min-scores.ts';

/** From 0.05 to 0.95, a hundredth apart. */
const even = Array.from({ length: 91 }, (_, i) => (i + 5) / 100);

describe('a score of one model', () => {
  test('is mapped to the one that as large a share of the other’s hits reach', () => {
    const halved = even.map((score) => score / 2).reverse();
    const mapped = mapMinScores(even, halved);
    expect(mapped.map(({ from }) => from)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
    for (const { from, passing, to } of mapped) {
      expect(passing).toBeCloseTo((95.5 - 100 * from) / 91, 1);
      // Between the half of this score and the half of the one below it.
      expect(to).toBeCloseTo(from / 2 - 0.0025, 10);
      expect(halved.filter((score) => score >= (to ?? 0)).length).toBe(even.filter((score) => score >= from).length);
    }
  });

  test('is mapped by hand-counted quantiles of lists of different lengths', () => {
    const from = [0.9, 0.7, 0.55, 0.35, 0.15];
    const to = [0.31, 0.3, 0.29, 0.28, 0.27, 0.26, 0.25, 0.24, 0.23, 0.22];
    expect(mapMinScores(from, to).filter((one) => [0.3, 0.6].includes(one.from))).toEqual([
      { from: 0.3, passing: 0.8, to: expect.closeTo(0.235, 10) },
      { from: 0.6, passing: 0.4, to: expect.closeTo(0.275, 10) },
    ]);
  });

  test('is one of finer steps where scores lie close together', () => {
    const close = [0.71, 0.74, 0.76, 0.79, 0.81, 0.83];
    expect(mapMinScores(close, close).map(({ from }) => from)).toEqual([0.72, 0.74, 0.76, 0.78, 0.8, 0.82]);
  });

  test('is mapped when it is asked for, and to nothing where it says nothing', () => {
    const mapped = mapMinScores(even, even, [0.425, 0.99, -1]);
    expect(mapped[0]).toEqual({ from: -1, passing: 1, to: undefined });
    expect(mapped.at(-1)).toEqual({ from: 0.99, passing: 0, to: undefined });
    expect(mapped.find(({ from }) => from === 0.425)).toMatchObject({ to: expect.closeTo(0.425, 10) });
  });

  test('is mapped to nothing where one of the models found nothing', () => {
    expect([mapMinScores([], even, [0.5]), mapMinScores(even, [], [0.5])]).toEqual([[], []]);
  });

  test('follows any shift and scale of the other’s scores', () => {
    const scores = fc.uniqueArray(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 9 }), fc.integer({ min: -100, max: 100 }), (some, scale, shift) => {
        const from = some.map((score) => score / 1_000);
        const to = from.map((score) => (score * scale + shift) / 10);
        for (const { from: asked, to: mapped } of mapMinScores(from, to)) {
          const pass = (list: readonly number[], least: number) => list.map((score) => score >= least);
          expect(pass(to, mapped as number)).toEqual(pass(from, asked));
        }
      }),
    );
  });
});
