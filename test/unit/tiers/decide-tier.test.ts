import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decideTier, type TierFacts, type TierStep, tierThresholds } from '../../../src/tiers/decide-tier.ts';

const thresholds = tierThresholds(12_000);
const fresh: TierFacts = { chunks: 100, isSearched: true, isFilling: false, isRecorded: false, index: 'none' };
const graph: TierFacts = { chunks: 20_000, isSearched: true, isFilling: false, isRecorded: true, index: 'valid' };

describe('the thresholds', () => {
  test('lie apart, so that a tenant that hovers stays what it is', () => {
    expect(thresholds).toEqual({ promoteAbove: 12_000, demoteBelow: 7_200 });
  });
});

describe('a tier is decided', () => {
  const cases: [string, TierFacts, TierStep][] = [
    ['a small tenant stays small', fresh, 'keep'],
    ['one at the crossover too', { ...fresh, chunks: 12_000 }, 'keep'],
    ['one above it gets a graph', { ...fresh, chunks: 12_001 }, 'build'],
    ['its graph is kept', graph, 'keep'],
    ['also while it shrinks a little', { ...graph, chunks: 7_200 }, 'keep'],
    ['until it has shrunk a lot', { ...graph, chunks: 7_199 }, 'drop'],
    ['an interrupted build is begun again', { ...fresh, chunks: 20_000, index: 'invalid' }, 'rebuild'],
    ['or cleared away, where the tenant has shrunk meanwhile', { ...fresh, chunks: 9_000, index: 'invalid' }, 'drop'],
    ['a graph that was built and not recorded is adopted', { ...graph, isRecorded: false }, 'adopt'],
    ['also between the thresholds', { ...graph, isRecorded: false, chunks: 9_000 }, 'adopt'],
    ['an interrupted demotion is ended', { ...graph, isRecorded: false, chunks: 100 }, 'drop'],
    ['an interrupted drop of a recorded graph is mended', { ...graph, index: 'invalid', chunks: 9_000 }, 'rebuild'],
    ['a graph that somebody dropped is built again', { ...graph, index: 'none' }, 'build'],
    ['or forgotten, where it is not needed', { ...graph, index: 'none', chunks: 100 }, 'forget'],
    ['what is not searched has none', { ...graph, isSearched: false }, 'drop'],
    ['and gets none', { ...fresh, isSearched: false, chunks: 50_000 }, 'keep'],
    ['what is being filled gets none yet', { ...fresh, isFilling: true, chunks: 50_000 }, 'keep'],
    ['one that is recorded stays', { ...graph, isFilling: true }, 'keep'],
    ['one that is not goes', { ...graph, isFilling: true, isRecorded: false }, 'drop'],
    ['and so does one that is unfinished', { ...graph, isFilling: true, index: 'invalid' }, 'drop'],
    ['and a record of none', { ...graph, isFilling: true, index: 'none' }, 'forget'],
  ];
  it.each(cases)('%s', (_, facts, step) => {
    expect(decideTier(facts, thresholds)).toBe(step);
  });
});

const anyFacts = fc.record<TierFacts>({
  chunks: fc.integer({ min: 0, max: 30_000 }),
  isSearched: fc.boolean(),
  isFilling: fc.boolean(),
  isRecorded: fc.boolean(),
  index: fc.constantFrom('none', 'valid', 'invalid'),
});

/** The facts once a step was taken. */
function outcomeOf(facts: TierFacts, step: TierStep): TierFacts {
  if (step === 'keep') return facts;
  const hasGraph = step === 'build' || step === 'rebuild' || step === 'adopt';
  return hasGraph ? { ...facts, isRecorded: true, index: 'valid' } : { ...facts, isRecorded: false, index: 'none' };
}

describe('whatever the state', () => {
  test('one step settles it: the next review keeps everything', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const settled = outcomeOf(facts, decideTier(facts, thresholds));
        expect(decideTier(settled, thresholds)).toBe('keep');
        expect(settled.index === 'valid').toBe(settled.isRecorded);
      }),
    );
  });

  test('a tenant that wavers between the thresholds never moves', () => {
    const wavering = fc.array(fc.integer({ min: 7_200, max: 12_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(wavering, fc.constantFrom(fresh, graph), (sizes, start) => {
        for (const chunks of sizes) expect(decideTier({ ...start, chunks }, thresholds)).toBe('keep');
      }),
    );
  });

  test('growth never takes a graph away', () => {
    fc.assert(
      fc.property(anyFacts, fc.nat({ max: 30_000 }), (facts, growth) => {
        const wants = (one: TierFacts) => outcomeOf(one, decideTier(one, thresholds)).index === 'valid';
        if (wants(facts)) expect(wants({ ...facts, chunks: facts.chunks + growth })).toBe(true);
      }),
    );
  });
});
