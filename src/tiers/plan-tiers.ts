import { decideTier, type TierStep } from './decide-tier.ts';
import type { IndexKindName, IndexState, StoredIndex } from './index-kind.ts';

/** One thing to do. Without a state it is about an index whose part of a tenant is gone. */
export interface PlannedStep {
  readonly step: Exclude<TierStep, 'keep'>;
  readonly kind: IndexKindName;
  readonly index: string;
  readonly state?: IndexState;
}

/** What costs nothing first, then what frees room, then builds, the largest first: it gains most. */
const order: Readonly<Record<PlannedStep['step'], number>> = { adopt: 0, forget: 0, drop: 1, rebuild: 2, build: 2 };

/** Everything that a review has to do for one kind of index. */
export function planTiers(
  kind: IndexKindName,
  states: readonly IndexState[],
  indexes: readonly StoredIndex[],
): PlannedStep[] {
  const found = new Map(indexes.map((index) => [index.name, index]));
  const steps: PlannedStep[] = [];
  for (const state of states) {
    const name = state.kind.indexName(state.target);
    const index = found.get(name);
    found.delete(name);
    const physical = index ? (index.valid ? 'valid' : 'invalid') : 'none';
    const step = decideTier({ ...state, index: physical }, state.thresholds);
    if (step !== 'keep') steps.push({ step, kind, index: name, state });
  }
  for (const name of found.keys()) steps.push({ step: 'drop', kind, index: name });
  return steps;
}

/** Steps of all kinds in the order in which they are taken. */
export function inOrder(steps: readonly PlannedStep[]): PlannedStep[] {
  return steps.toSorted((a, b) => order[a.step] - order[b.step] || (b.state?.chunks ?? 0) - (a.state?.chunks ?? 0));
}
