import fc from 'fast-check';
import { createKeyPart, definePart, revokeKeyPart } from './admin-parts.ts';
import { auditLogPart } from './audit-parts.ts';
import { deadLettersPart, requeuePart } from './dead-letter-parts.ts';
import { deleteByFilterPart, deletePart, mangledDeletePart, restorePart } from './delete-parts.ts';
import { byIdPart, entitiesPart, listPart, mangledIdPart } from './document-parts.ts';
import type { Draws } from './draws.ts';
import { explainMissingPart, hostileSearchPart, similarFieldPart, similarPart } from './example-parts.ts';
import { hostileText } from './hostile-text.ts';
import { jobPart, jobsPart, mangledJobPart, reembedPart } from './job-parts.ts';
import { setTenantLimitsPart, tenantLimitsPart } from './operator-parts.ts';
import type { Part } from './part.ts';
import { mangledPatchPart, patchPart } from './patch-parts.ts';
import { searchPart } from './search-parts.ts';
import { factsPart } from './tenant-parts.ts';
import type { Caller, World } from './world.ts';
import { upsertPart } from './write-parts.ts';

type MakePart = (world: World, caller: Caller, draws: Draws, text: string) => Part;

/** Fields of a GraphQL request that read, with how often they come among each other. */
const reads: readonly (readonly [weight: number, make: MakePart])[] = [
  [10, listPart],
  [8, byIdPart],
  [2, mangledIdPart],
  [5, entitiesPart],
  [12, searchPart],
  [5, similarPart],
  [2, similarFieldPart],
  [3, explainMissingPart],
  [2, hostileSearchPart],
  [6, factsPart],
  [4, jobPart],
  [2, jobsPart],
  [1, mangledJobPart],
  [3, deadLettersPart],
  [4, auditLogPart],
  [2, tenantLimitsPart],
];

const writes: readonly (readonly [weight: number, make: MakePart])[] = [
  [20, upsertPart],
  [12, patchPart],
  [1, mangledPatchPart],
  [3, deletePart],
  [2, mangledDeletePart],
  [4, deleteByFilterPart],
  [5, restorePart],
  [4, reembedPart],
  [4, requeuePart],
  [3, definePart],
  [2, createKeyPart],
  [2, revokeKeyPart],
  [1, setTenantLimitsPart],
];

/** What is done next, as data: who does it and what exactly follow from the seed and from what the world holds then. */
export interface Operation {
  readonly kind:
    | 'read'
    | 'write'
    | 'fill'
    | 'claims'
    | 'database read'
    | 'database attempt'
    | 'drain'
    | 'refuse'
    | 'subscribe'
    | 'nobody';
  readonly seed: number;
  readonly text: string;
  /** Fields that go together in one request of one caller. */
  readonly fields: number;
}

/** How often each kind comes among the others. */
export type Mix = Readonly<Partial<Record<Operation['kind'], number>>>;

/** As callers come: mostly through the gateway, and mostly to read. */
export const usualMix: Mix = {
  read: 60,
  write: 12,
  claims: 4,
  'database read': 16,
  'database attempt': 4,
  drain: 1,
  refuse: 1,
  subscribe: 5,
  nobody: 1,
};

/** Any operation of a mix. */
export function anyOperation(mix: Mix): fc.Arbitrary<Operation> {
  const kinds = Object.entries(mix) as [Operation['kind'], number][];
  return fc.record({
    kind: fc.oneof(...kinds.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) }))),
    seed: fc.nat(),
    text: hostileText,
    fields: fc.integer({ min: 1, max: 4 }),
  });
}

/** Makes the fields of a read, or the one of a write, for a caller. */
export function partsOf({ kind, fields, text }: Operation, world: World, caller: Caller, draws: Draws): Part[] {
  if (kind === 'fill') return [upsertPart(world, caller, draws, text)];
  // Of whom there are few.
  if (kind === 'write' && caller.scopes.includes('operator') && draws.chance(0.5))
    return [setTenantLimitsPart(world, caller, draws)];
  if (kind === 'write') return [pickWeighted(writes, draws)(world, caller, draws, text)];
  return Array.from({ length: fields }, () => pickWeighted(reads, draws)(world, caller, draws, text));
}

function pickWeighted(from: readonly (readonly [weight: number, make: MakePart])[], draws: Draws): MakePart {
  let left = draws.below(from.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of from) {
    left -= weight;
    if (left < 0) return make;
  }
  throw new Error('There is nothing to pick from.');
}
