import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { chooseSetting, type RecallProfile } from '../../../src/recall/choose-setting.ts';
import type { RecallCurve, RecallSetting } from '../../../src/recall/recall-curve.ts';

const measuredAt = new Date('2026-01-02T03:04:05Z');

function setting(candidates: number, recall: number, p50Ms: number, efSearch = candidates): RecallSetting {
  return { stageOne: 'planned', candidates, efSearch, recall, p50Ms, stageOneRecall: recall, p95Ms: 2 * p50Ms };
}

function curveOf(...settings: RecallSetting[]): RecallCurve {
  return {
    modelId: 1,
    tier: 'hnsw',
    chunks: 20_000,
    sample: 200,
    settings,
    exact: { p50Ms: 50, p95Ms: 60 },
    measuredAt,
  };
}

const curve = curveOf(
  setting(20, 0.9, 1),
  setting(40, 0.96, 1.5),
  setting(40, 0.97, 2.5, 80),
  setting(100, 0.985, 2),
  setting(100, 0.992, 3.5, 200),
  setting(200, 0.9955, 4),
  setting(400, 0.9995, 7),
);

describe('with a curve', () => {
  it.each<[RecallProfile, number, number]>([
    ['FAST', 40, 40],
    ['BALANCED', 100, 200],
    ['HIGH', 400, 400],
  ])('%s is the quickest setting that was measured to reach it', (profile, candidates, efSearch) => {
    expect(chooseSetting(curve, { profile })).toMatchObject({ kind: 'two-stage', candidates, efSearch, reached: true });
  });

  it.each([
    [0.5, 20, 20],
    [0.9, 20, 20],
    [0.9001, 40, 40],
    [0.965, 100, 100],
    [0.985, 100, 100],
    [0.9955, 200, 200],
  ])('a target of %d gets %d candidates and a breadth of %d', (target, candidates, efSearch) => {
    expect(chooseSetting(curve, { target })).toMatchObject({ candidates, efSearch, reached: true });
  });

  test('what was measured comes along', () => {
    expect(chooseSetting(curve, { target: 0.99 })).toEqual({
      kind: 'two-stage',
      stageOne: 'planned',
      candidates: 100,
      efSearch: 200,
      measuredRecall: 0.992,
      measuredAt,
      reached: true,
    });
  });

  test('a target that nothing reached gets the best there is, and says so', () => {
    expect(chooseSetting(curve, { target: 0.9999 })).toMatchObject({
      candidates: 400,
      measuredRecall: 0.9995,
      reached: false,
    });
    expect(chooseSetting(curve, { target: Number.NaN })).toMatchObject({ candidates: 400, reached: false });
  });

  test('a target of 1 is exact, whatever a sample measured', () => {
    expect(chooseSetting(curveOf(setting(400, 1, 4)), { target: 1 })).toEqual({ kind: 'exact' });
  });

  test('of equally good ones that do not reach it, the quickest is the best', () => {
    const flat = curveOf(setting(200, 0.97, 4), setting(100, 0.97, 2), setting(400, 0.97, 8));
    expect(chooseSetting(flat, { profile: 'HIGH' })).toMatchObject({ candidates: 100, reached: false });
  });

  test('of equally quick ones, the one that finds more; of those, the one of less work', () => {
    const equal = curveOf(setting(64, 0.99, 2, 128), setting(64, 0.99, 2), setting(40, 0.96, 2));
    expect(chooseSetting(equal, { profile: 'FAST' })).toMatchObject({ candidates: 64, efSearch: 64 });
  });
});

describe('without a curve', () => {
  it.each<[RecallProfile, number]>([
    ['FAST', 40],
    ['BALANCED', 100],
    ['HIGH', 200],
  ])('%s has a default', (profile, candidates) => {
    const chosen = {
      kind: 'two-stage',
      stageOne: 'planned',
      candidates,
      efSearch: candidates,
      measuredRecall: null,
      measuredAt: null,
      reached: true,
    };
    expect(chooseSetting(undefined, { profile })).toEqual(chosen);
    expect(chooseSetting(curveOf(), { profile })).toEqual(chosen);
  });

  it.each([
    [0.5, 40],
    [0.95, 40],
    [0.96, 100],
    [0.99, 100],
    [0.995, 200],
    [0.9999, 400],
  ])('a target of %d is taken for %d candidates', (target, candidates) => {
    expect(chooseSetting(undefined, { target })).toMatchObject({
      candidates,
      measuredRecall: null,
      reached: false,
    });
  });

  test('nothing less than everything is taken for a target of 1', () => {
    expect(chooseSetting(undefined, { target: 1 })).toEqual({ kind: 'exact' });
  });
});

describe('a number of candidates', () => {
  test('is taken as it is, with what was measured of it', () => {
    const asked = { kind: 'two-stage', candidates: 100, efSearch: 100, reached: true };
    expect(chooseSetting(curve, { candidates: 100 })).toMatchObject({ ...asked, measuredRecall: 0.985, measuredAt });
    expect(chooseSetting(undefined, { candidates: 100 })).toMatchObject({ ...asked, measuredRecall: null });
    expect(chooseSetting(curve, { candidates: 101 })).toMatchObject({ candidates: 101, measuredRecall: null });
  });
});

describe('the covering index in place of a graph', () => {
  const covered = curveOf(...curve.settings, { ...setting(100, 0.9999, 5), stageOne: 'covering' });

  test('is chosen where it is the quickest to reach the target', () => {
    const high = chooseSetting(covered, { profile: 'HIGH' });
    expect(high).toMatchObject({ stageOne: 'covering', candidates: 100, measuredRecall: 0.9999 });
    const fast = chooseSetting(covered, { profile: 'FAST' });
    expect(fast).toMatchObject({ stageOne: 'planned', candidates: 40 });
  });

  test('is not, where it is ruled out', () => {
    const without = { covering: false };
    expect(chooseSetting(covered, { profile: 'HIGH' }, without)).toMatchObject({
      stageOne: 'planned',
      candidates: 400,
    });
    expect(chooseSetting(covered, { target: 0.9999 }, without)).toMatchObject({ stageOne: 'planned', reached: false });
  });
});

test('EXACT is exact, whatever was measured', () => {
  expect(chooseSetting(curve, { profile: 'EXACT' })).toEqual({ kind: 'exact' });
  expect(chooseSetting(undefined, { profile: 'EXACT' })).toEqual({ kind: 'exact' });
});

describe('for any curve and two targets', () => {
  const share = fc.integer({ min: 0, max: 2_000 }).map((hits) => hits / 2_000);
  const anySetting = fc
    .record({ candidates: fc.integer({ min: 10, max: 400 }), recall: share, p50Ms: fc.integer({ min: 1, max: 40 }) })
    .map(({ candidates, recall, p50Ms }) => setting(candidates, recall, p50Ms));
  const anyCurve = fc.array(anySetting, { minLength: 1, maxLength: 14 }).map((settings) => curveOf(...settings));
  const target = fc.double({ min: 0.5, max: 1, maxExcluded: true, noNaN: true });

  function chosenFrom(from: RecallCurve, wanted: number) {
    const chosen = chooseSetting(from, { target: wanted });
    if (chosen.kind === 'exact') throw new Error('A target was mapped to an exact search.');
    const times = from.settings
      .filter((one) => one.candidates === chosen.candidates && one.recall === chosen.measuredRecall)
      .map(({ p50Ms }) => p50Ms);
    return { ...chosen, p50Ms: Math.min(...times), recall: chosen.measuredRecall ?? 0 };
  }

  test('the higher one never finds less and is never quicker', () => {
    fc.assert(
      fc.property(anyCurve, target, target, (from, a, b) => {
        const [low, high] = [chosenFrom(from, Math.min(a, b)), chosenFrom(from, Math.max(a, b))];
        expect(high.recall).toBeGreaterThanOrEqual(low.recall);
        expect(high.p50Ms).toBeGreaterThanOrEqual(low.p50Ms);
      }),
    );
  });

  test('reached means reached, and not reached means that nothing did', () => {
    fc.assert(
      fc.property(anyCurve, target, (from, wanted) => {
        const chosen = chosenFrom(from, wanted);
        const possible = from.settings.some(({ recall }) => recall >= wanted);
        expect(chosen.reached).toBe(possible);
        expect(chosen.recall >= wanted).toBe(possible);
      }),
    );
  });

  test('the order in which settings were measured makes no difference', () => {
    fc.assert(
      fc.property(anyCurve, target, (from, wanted) => {
        const reversed = curveOf(...from.settings.toReversed());
        expect(chooseSetting(reversed, { target: wanted })).toEqual(chooseSetting(from, { target: wanted }));
      }),
    );
  });
});
