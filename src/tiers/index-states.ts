import { type Tier, type TierThresholds, tierThresholds } from './decide-tier.ts';
import { graphKind } from './graph-index.ts';
import type { GraphTarget, IndexState, WordTarget } from './index-kind.ts';
import { inOrder, type PlannedStep, planTiers } from './plan-tiers.ts';
import type { TierStatus } from './read-tier-status.ts';
import type { ModelRole } from './tier-statements.ts';
import { wordKind } from './word-index.ts';

type Vectors = GraphTarget & {
  readonly role: ModelRole;
  readonly isFilled: boolean;
  readonly tier: Tier;
  readonly chunks: number;
};
type Words = WordTarget & { readonly isRecorded: boolean; readonly chunks: number };

/**
 * What there is to know of a tenant's vectors of one model. Those of a retired model are not searched. A model that was made the
 * active one before it was filled is, so that its graph does not wait.
 */
export function graphState(vectors: Vectors, thresholds: TierThresholds): IndexState {
  const { tenantId, modelId, role, isFilled, tier, chunks } = vectors;
  const of = { isSearched: role !== 'retired', isFilling: role === 'candidate' && !isFilled };
  return { kind: graphKind, target: { tenantId, modelId }, chunks, ...of, isRecorded: tier === 'hnsw', thresholds };
}

/** What there is to know of a tenant's chunks of one language. */
export function wordState({ tenantId, language, isRecorded, chunks }: Words, thresholds: TierThresholds): IndexState {
  const of = { isSearched: true, isFilling: false };
  return { kind: wordKind, target: { tenantId, language }, chunks, ...of, isRecorded, thresholds };
}

/** What a review would do about what was read. */
export function planStatus({ crossover, tenants, wordCrossover, words, orphans }: TierStatus): PlannedStep[] {
  const [graphSizes, wordSizes] = [tierThresholds(crossover.chunks), tierThresholds(wordCrossover)];
  const isWords = ({ name }: { readonly name: string }) => new RegExp(wordKind.namePattern).test(name);
  const graphs = [...tenants.flatMap(({ graph }) => graph ?? []), ...orphans.filter((index) => !isWords(index))];
  const wordIndexes = [...words.flatMap(({ index }) => index ?? []), ...orphans.filter(isWords)];
  return inOrder([
    ...planTiers(
      'graph',
      tenants.map((one) => graphState(one, graphSizes)),
      graphs,
    ),
    ...planTiers(
      'words',
      words.map((one) => wordState(one, wordSizes)),
      wordIndexes,
    ),
  ]);
}
