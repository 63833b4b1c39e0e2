import { describe, expect, test } from 'vitest';
import { type Answer, compareAnswers } from '../../../src/recall/comparison.ts';

/** An answer of passages with their scores, best first. */
function answer(hits: Record<string, number>, tookMs = 1, embedMs = 0): Answer {
  return { hits: Object.entries(hits).map(([chunkId, score]) => ({ chunkId, score })), tookMs, embedMs };
}

const near = (value: number) => expect.closeTo(value, 10);

describe('two models that were asked the same', () => {
  test('overlap by the share of the longer list that both found, on the mean of the queries that were answered', () => {
    const pairs = [
      [answer({ a: 0.9, b: 0.8, c: 0.7, d: 0.6 }), answer({ d: 0.5, x: 0.4, a: 0.3, y: 0.2 })],
      [answer({ a: 0.9, b: 0.8 }), answer({ a: 0.5, b: 0.4, c: 0.3, d: 0.2 })],
      [answer({ a: 0.9 }), answer({ b: 0.5 })],
      [answer({ a: 0.9 }), answer({})],
      [answer({}), answer({})],
    ] as const;
    const { overlapAt10, queries, sameFirst, figures } = compareAnswers(pairs);
    expect(overlapAt10).toBeCloseTo((0.5 + 0.5 + 0 + 0) / 4, 10);
    expect([queries, sameFirst]).toEqual([5, 1]);
    expect(figures.map(({ unanswered }) => unanswered)).toEqual([1, 2]);
  });

  test('agree where the first of one is anywhere in the other, which is not the same both ways', () => {
    const pairs = [
      [answer({ a: 0.9, b: 0.8 }), answer({ b: 0.5, c: 0.4 })],
      [answer({ a: 0.9, b: 0.8 }), answer({ a: 0.5, c: 0.4 })],
      [answer({ a: 0.9, b: 0.8 }), answer({ c: 0.5, a: 0.4 })],
      [answer({}), answer({ c: 0.5 })],
    ] as const;
    // Of the first: c is not there, a is, a is; of the second: b is, a is, c is not, c is not.
    const [first, second] = compareAnswers(pairs).figures;
    expect(first.firstFoundByOther).toBeCloseTo(2 / 3, 10);
    expect(second.firstFoundByOther).toBeCloseTo(2 / 4, 10);
  });

  test('shift by the second less the first: of best hits whichever they are, of common hits query by query', () => {
    const pairs = [
      [answer({ a: 0.9, b: 0.5 }), answer({ b: 0.3, a: 0.1 })],
      [answer({ a: 0.6 }), answer({ b: 0.8 })],
      [answer({ a: 0.5, b: 0.4, c: 0.3 }), answer({ a: 0.6, c: 0.6 })],
      [answer({ a: 0.5 }), answer({})],
    ] as const;
    const { shifts } = compareAnswers(pairs);
    // -0.6, 0.2, 0.1
    expect(shifts.best).toEqual({ mean: near(-0.1), median: near(0.1), p5: near(-0.6), p95: near(0.2) });
    // (-0.8 - 0.2) / 2 and (0.1 + 0.3) / 2
    expect(shifts.common).toEqual({ mean: near(-0.15), median: near(-0.5), p5: near(-0.5), p95: near(0.2) });
  });

  test('have no shift where nothing can be compared', () => {
    const { shifts, minScores } = compareAnswers([[answer({ a: 0.5 }), answer({})]]);
    expect([shifts, minScores]).toEqual([{ best: undefined, common: undefined }, []]);
  });

  test('have the 5th and the 95th of a hundred shifts, and the middle one', () => {
    const pairs = Array.from({ length: 100 }, (_, i) => [answer({ a: 0 }), answer({ a: (i + 1) / 1_000 })] as const);
    const expected = { mean: near(0.0505), median: near(0.05), p5: near(0.005), p95: near(0.095) };
    expect(compareAnswers(pairs).shifts).toEqual({ best: expected, common: expected });
  });

  test('have the mean and deviation of their best cosines, and the times of all queries', () => {
    const pairs = [
      [answer({ a: 0.8, b: 0.1 }, 10, 4), answer({ a: 0.2 }, 100, 1)],
      [answer({ a: 0.4 }, 20, 5), answer({ a: 0.2 }, 300, 2)],
      [answer({}, 2, 2), answer({ a: 0.5 }, 200, 3)],
    ] as const;
    const [first, second] = compareAnswers(pairs).figures;
    expect(first).toMatchObject({ bestMean: near(0.6), bestDeviation: near(0.2), p50Ms: 10, p95Ms: 20, embedP50Ms: 4 });
    expect(second).toMatchObject({ bestMean: near(0.3), p50Ms: 200, p95Ms: 300, embedP50Ms: 2 });
    expect(second.bestDeviation).toBeCloseTo(Math.sqrt(0.02), 10);
  });
});
