import { counted } from '../counted.ts';
import type { ModelCounts, modelRolesStatement } from './role-statements.ts';

/** A model of a tenant, without numbers. */
export type ModelRow =
  ReturnType<typeof modelRolesStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

/** A model of a tenant, and how much it has. */
export interface TenantModel extends ModelRow {
  readonly counts: ModelCounts;
}

/** The two models of a tenant that has two. */
export interface ModelPair {
  readonly active: ModelRow;
  readonly candidate: ModelRow;
}

/**
 * The two models of one tenant; undefined where it has one only, or where the active one is already what the direction leads
 * to.
 */
export function pairOf(models: readonly ModelRow[], direction: 'forward' | 'back' | 'either'): ModelPair | undefined {
  const active = models.find(({ role }) => role === 'active');
  const candidate = models.find(({ role }) => role === 'candidate');
  if (!active || !candidate) return undefined;
  const isForward = candidate.replaces === active.modelId;
  if (direction !== 'either' && isForward !== (direction === 'forward')) return undefined;
  return { active, candidate };
}

/** Why searches would find less by the candidate than by the active model, or much more slowly. */
export function unreadiness({ active, candidate }: ModelPair, missing: number): string[] {
  const isFilling = candidate.replaces !== null && candidate.filledAt === null;
  return [
    ...(missing > 0 ? [`lacks ${counted(missing, 'vector')} that ${active.name} has`] : []),
    ...(isFilling ? ['is still being filled'] : []),
    ...(active.tier === 'hnsw' && candidate.tier === 'exact' ? ['has no graph yet'] : []),
  ];
}
