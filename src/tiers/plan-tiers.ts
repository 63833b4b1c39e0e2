import { decideTier, type TierFacts, type TierStep, type TierThresholds } from './decide-tier.ts';
import type { GraphTarget } from './graph-index.ts';
import { graphIndexName } from './graph-index.ts';

/** A tenant and model as the table `tenant_models` has it. */
export interface TierState extends GraphTarget {
  readonly role: TierFacts['role'];
  readonly tier: TierFacts['recorded'];
  readonly chunks: number;
}

/** A graph as the database's catalog has it. */
export interface GraphIndex {
  readonly name: string;
  readonly valid: boolean;
  readonly sizeBytes: number;
}

/** One thing to do. Without a target it is a graph whose tenant or model is gone. */
export interface PlannedStep {
  readonly step: Exclude<TierStep, 'keep'>;
  readonly index: string;
  readonly target?: GraphTarget;
  readonly chunks: number;
}

/** What costs nothing first, then what frees room, then builds, the largest tenant first: it gains most. */
const order: Readonly<Record<PlannedStep['step'], number>> = { adopt: 0, forget: 0, drop: 1, rebuild: 2, build: 2 };

/** Everything that a review has to do, in the order in which it is done. */
export function planTiers(
  states: readonly TierState[],
  indexes: readonly GraphIndex[],
  thresholds: TierThresholds,
): PlannedStep[] {
  const found = new Map(indexes.map((index) => [index.name, index]));
  const steps: PlannedStep[] = [];
  for (const { tenantId, modelId, role, tier: recorded, chunks } of states) {
    const target = { tenantId, modelId };
    const name = graphIndexName(target);
    const index = found.get(name);
    found.delete(name);
    const physical = index ? (index.valid ? 'valid' : 'invalid') : 'none';
    const step = decideTier({ chunks, role, recorded, index: physical }, thresholds);
    if (step !== 'keep') steps.push({ step, index: name, target, chunks });
  }
  for (const name of found.keys()) steps.push({ step: 'drop', index: name, chunks: 0 });
  return steps.sort((a, b) => order[a.step] - order[b.step] || b.chunks - a.chunks);
}
