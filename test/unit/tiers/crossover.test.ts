import { describe, expect, test } from 'vitest';
import { computeCrossover, type StageOneTimes, toCrossover } from '../../../src/tiers/crossover.ts';

const times: StageOneTimes = {
  tenantId: 'acme',
  chunks: 20_000,
  candidates: 100,
  floorMs: 0.5,
  exactMs: 4.5,
  graphMs: 2.5,
};

describe('the crossover', () => {
  test('is the size at which both ways take as long, beyond what every flight takes', () => {
    expect(computeCrossover(times)).toBe(10_000);
    expect(computeCrossover({ ...times, graphMs: 4.5 })).toBe(20_000);
  });

  test('stays within what is sensible, whatever a noisy run says', () => {
    expect(computeCrossover({ ...times, graphMs: 0.4 })).toBe(2_000);
    expect(computeCrossover({ ...times, graphMs: 400 })).toBe(100_000);
  });

  test('is unknown where reading took no longer than doing nothing', () => {
    expect(computeCrossover({ ...times, exactMs: 0.5 })).toBeUndefined();
    expect(computeCrossover({ ...times, exactMs: Number.NaN })).toBeUndefined();
  });

  test('is 12,000 chunks where nothing was measured', () => {
    expect(toCrossover([])).toEqual({ chunks: 12_000 });
    const measuredAt = new Date(0);
    expect(toCrossover([{ value: 9_000, measuredAt }])).toEqual({ chunks: 9_000, measuredAt });
  });
});
