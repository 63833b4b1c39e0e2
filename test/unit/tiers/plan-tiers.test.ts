import { expect, test } from 'vitest';
import { parseTenantId } from '../../../src/ids.ts';
import { tierThresholds } from '../../../src/tiers/decide-tier.ts';
import { graphIndexName } from '../../../src/tiers/graph-index.ts';
import { planTiers, type TierState } from '../../../src/tiers/plan-tiers.ts';

const thresholds = tierThresholds(12_000);

function state(tenant: string, chunks: number, change: Partial<TierState> = {}): TierState {
  return { tenantId: parseTenantId(tenant), modelId: 1, role: 'active', tier: 'exact', chunks, ...change };
}

function index(tenant: string, valid = true, modelId = 1) {
  return { name: graphIndexName({ tenantId: parseTenantId(tenant), modelId }), valid, sizeBytes: 1 };
}

test('a review adopts first, then drops, then builds, the largest tenant first', () => {
  const states = [
    state('large', 20_000),
    state('small', 500),
    state('larger', 30_000),
    state('broken', 15_000),
    state('shrunk', 100, { tier: 'hnsw' }),
    state('unrecorded', 20_000),
    state('settled', 20_000, { tier: 'hnsw' }),
  ];
  const indexes = [index('broken', false), index('shrunk'), index('unrecorded'), index('settled')];
  const plan = planTiers(states, indexes, thresholds);
  expect(plan.map(({ step, target }) => [step, target?.tenantId])).toEqual([
    ['adopt', 'unrecorded'],
    ['drop', 'shrunk'],
    ['build', 'larger'],
    ['build', 'large'],
    ['rebuild', 'broken'],
  ]);
});

test('a graph whose tenant or model is gone is dropped', () => {
  const plan = planTiers([state('acme', 500)], [index('gone'), index('acme', true, 2)], thresholds);
  expect(plan).toEqual(
    expect.arrayContaining([
      { step: 'drop', index: index('gone').name, chunks: 0 },
      { step: 'drop', index: index('acme', true, 2).name, chunks: 0 },
    ]),
  );
  expect(plan).toHaveLength(2);
});

test('nothing is planned where everything is as it should be', () => {
  const states = [state('small', 12_000), state('large', 20_000, { tier: 'hnsw' })];
  expect(planTiers(states, [index('large')], thresholds)).toEqual([]);
});
