import { expect, test } from 'vitest';
import { parseTenantId } from '../../../src/ids.ts';
import { tierThresholds } from '../../../src/tiers/decide-tier.ts';
import { graphIndexName, graphKind } from '../../../src/tiers/graph-index.ts';
import type { IndexState } from '../../../src/tiers/index-kind.ts';
import { inOrder, planTiers } from '../../../src/tiers/plan-tiers.ts';
import { wordIndexName, wordKind } from '../../../src/tiers/word-index.ts';

const thresholds = tierThresholds(12_000);
const common = { isSearched: true, isFilling: false, isRecorded: false, thresholds };

function state(tenant: string, chunks: number, change: Partial<IndexState> = {}): IndexState {
  return { ...common, kind: graphKind, target: { tenantId: parseTenantId(tenant), modelId: 1 }, chunks, ...change };
}

function words(tenant: string, language: string, chunks: number): IndexState {
  return { ...common, kind: wordKind, target: { tenantId: parseTenantId(tenant), language }, chunks };
}

function index(tenant: string, valid = true, modelId = 1) {
  return { name: graphIndexName({ tenantId: parseTenantId(tenant), modelId }), valid, sizeBytes: 1 };
}

test('a review adopts first, then drops, then builds, the largest first, whatever its kind', () => {
  const graphs = [
    state('large', 20_000),
    state('small', 500),
    state('larger', 30_000),
    state('broken', 15_000),
    state('shrunk', 100, { isRecorded: true }),
    state('unrecorded', 20_000),
    state('settled', 20_000, { isRecorded: true }),
  ];
  const indexes = [index('broken', false), index('shrunk'), index('unrecorded'), index('settled')];
  const languages = [words('large', 'german', 25_000), words('large', 'french', 3_000)];
  const plan = inOrder([...planTiers('graph', graphs, indexes), ...planTiers('words', languages, [])]);
  expect(plan.map(({ step, kind, state: about }) => [step, kind, about?.target.tenantId])).toEqual([
    ['adopt', 'graph', 'unrecorded'],
    ['drop', 'graph', 'shrunk'],
    ['build', 'graph', 'larger'],
    ['build', 'words', 'large'],
    ['build', 'graph', 'large'],
    ['rebuild', 'graph', 'broken'],
  ]);
});

test('an index whose tenant, model or language is gone is dropped', () => {
  const plan = planTiers('graph', [state('acme', 500)], [index('gone'), index('acme', true, 2)]);
  expect(plan).toEqual([
    { step: 'drop', kind: 'graph', index: index('gone').name },
    { step: 'drop', kind: 'graph', index: index('acme', true, 2).name },
  ]);
  const french = wordIndexName({ tenantId: parseTenantId('acme'), language: 'french' });
  const stored = [{ name: french, valid: true, sizeBytes: 1 }];
  expect(planTiers('words', [words('acme', 'german', 500)], stored)).toEqual([
    { step: 'drop', kind: 'words', index: french },
  ]);
});

test('nothing is planned where everything is as it should be', () => {
  const states = [state('small', 12_000), state('large', 20_000, { isRecorded: true })];
  expect(planTiers('graph', states, [index('large')])).toEqual([]);
});
