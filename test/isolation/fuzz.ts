import fc from 'fast-check';
import type { TestGateway } from '../support/gateway.ts';
import type { Databases } from './database-reads.ts';
import { createDraws } from './draws.ts';
import { hostileText } from './hostile-text.ts';
import type { ObservedWatches } from './observe-watches.ts';
import { anyOperation, type Mix, type Operation, usualMix } from './operations.ts';
import { describe, type Report } from './part.ts';
import { type Field, runOperation, type Tally } from './run-operation.ts';
import { leaveAll } from './subscribe.ts';
import type { TableGrants } from './tenant-tables.ts';
import { createWorld, type Difference, type DifferenceKind, type World } from './world.ts';

/** Where worlds are made, and what they are looked at with. */
export interface Ground {
  readonly gateway: TestGateway;
  readonly databases: Databases;
  readonly tables: readonly TableGrants[];
  readonly watched: ObservedWatches;
  /** Where the fuzz itself is tested: makes what is looked at as it should not be, or mends it. */
  readonly spoil?: (isSpoilt: boolean) => void;
}

export interface RoundOptions {
  readonly seed: number;
  /** Steps at most, each of one to four operations. */
  readonly steps: number;
  /** The usual one unless given. */
  readonly mix?: Mix;
  /** Goes on until there is a difference of this kind; without it, until there is any. */
  readonly until?: DifferenceKind;
}

/** The first difference of a round, and how to see it again. */
export interface Failure {
  readonly differences: readonly Difference[];
  /** What is left of the steps when all that is not needed is left out. */
  readonly steps: readonly Operation[];
}

/** Reads that are under way at the same time; the pool of the gateway has fewer connections. */
const atOnce = 6;
/** Times that a failing round is run again to find what of it is needed. */
const mostShrinks = 40;

/** What nothing else runs beside. */
const alone: ReadonlySet<Operation['kind']> = new Set(['write', 'drain', 'refuse', 'subscribe', 'database attempt']);

/** Writes with which a world begins, of six documents each. */
const writesToFill = 9;

let worlds = 0;

export function newTally(): Tally {
  return { operations: {}, refused: 0, events: 0, rows: 0 };
}

export function operationsOf({ operations }: Tally): number {
  return Object.values(operations).reduce((sum, one) => sum + one, 0);
}

/** Runs one round in tenants of its own: a world out of the seed, and steps until one differs from the model. */
export async function runRound(ground: Ground, options: RoundOptions, tally: Tally): Promise<readonly Difference[]> {
  return (await runSteps(ground, options, stepsOf(options), tally)).differences;
}

/** Runs a failing round again with fewer and fewer steps. */
export async function shrinkRound(ground: Ground, options: RoundOptions): Promise<Failure> {
  let failure = await tryAgain(ground, options, stepsOf(options));
  let size = Math.ceil(failure.steps.length / 2);
  for (let tries = 0; tries < mostShrinks && failure.steps.length > 1; ) {
    let isSmaller = false;
    for (let start = 0; start < failure.steps.length && tries < mostShrinks; start += size, tries++) {
      const fewer = failure.steps.toSpliced(start, size);
      if (fewer.length === 0) continue;
      const next = await tryAgain(ground, options, fewer);
      if (next.differences.length === 0) continue;
      failure = next;
      isSmaller = true;
      break;
    }
    if (!isSmaller && size === 1) break;
    if (!isSmaller) size = Math.max(1, Math.floor(size / 2));
  }
  return failure;
}

async function tryAgain(ground: Ground, options: RoundOptions, steps: readonly Operation[]): Promise<Failure> {
  const { differences, done } = await runSteps(ground, options, steps, newTally());
  return { differences, steps: differences.length > 0 ? steps.slice(0, done) : steps };
}

/** How to see a failure again. */
export function explain({ differences, steps }: Failure, { seed, steps: count }: RoundOptions): string {
  const lines = steps.map((step) => `  ${JSON.stringify(step)}`);
  return [
    `The gateway differs from the model. See it again with TESSERA_FUZZ_SEED=${seed} TESSERA_FUZZ_OPERATIONS=${count}.`,
    ...differences.slice(0, 5).map(describe),
    `${steps.length} steps are enough:`,
    ...lines.slice(0, 40),
  ].join('\n');
}

function stepsOf({ seed, steps, mix = usualMix }: RoundOptions): Operation[] {
  return fc.sample(anyOperation(mix), { seed, numRuns: steps });
}

async function runSteps(
  ground: Ground,
  { seed, until }: RoundOptions,
  steps: readonly Operation[],
  tally: Tally,
): Promise<{ differences: Difference[]; done: number }> {
  // Tenants of one round are strangers to those of any other.
  const name = `r${++worlds}`;
  const hostile = fc.sample(hostileText, { seed, numRuns: 40 });
  const world = await createWorld(ground.gateway, name, createDraws(seed), hostile);
  const field: Field = { ...ground, world, tally };
  const differences: Difference[] = [];
  const report: Report = (kind, message) => differences.push({ kind, message });
  const reportError = (error: unknown) =>
    report('missing', error instanceof Error ? String(error.stack) : String(error));
  try {
    await fill(field, seed, report).catch(reportError);
    let done = 0;
    ground.spoil?.(true);
    while (done < steps.length && !differences.some(({ kind }) => until === undefined || kind === until)) {
      const batch = nextBatch(steps, done);
      await Promise.all(batch.map((step) => runOperation(field, step, report).catch(reportError)));
      done += batch.length;
    }
    return { differences, done };
  } finally {
    ground.spoil?.(false);
    leaveAll(world);
    await clear(world);
  }
}

/** Steps that may run at the same time: some that read, or one that writes. */
function nextBatch(steps: readonly Operation[], from: number): readonly Operation[] {
  const rest = steps.slice(from, from + atOnce);
  const writes = rest.findIndex(({ kind }) => alone.has(kind));
  return rest.slice(0, writes < 0 ? rest.length : Math.max(1, writes));
}

/** Gives every tenant some documents, so that the first steps have something to ask for. */
async function fill(field: Field, seed: number, report: Report): Promise<void> {
  for (let index = 0; index < writesToFill; index++) {
    await runOperation(field, { kind: 'fill', seed: seed + index, text: "o'clock", fields: 1 }, report);
  }
  await runOperation(field, { kind: 'drain', seed, text: '', fields: 1 }, report);
}

/** Removes the tenants of a round, so that a long run does not drag all of its rounds along. */
async function clear({ gateway, tenants }: World): Promise<void> {
  await gateway.db.owner.query('delete from tenants where id = any($1)', [tenants.map(({ id }) => id)]);
}
