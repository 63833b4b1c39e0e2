import { setTimeout as wait } from 'node:timers/promises';
import { type Random, shuffled } from '../../bench/random.ts';
import type { Tally } from './sender.ts';
import { type Victim, type VictimKind, victimKinds } from './victims.ts';

/** One kill: when the import is so far, a random moment later. */
interface Kill {
  /** Share of the import that is acknowledged. */
  readonly at: number;
  readonly delayMs: number;
  readonly kind: VictimKind;
}

const longestDelayMs = 150;

/** Kills of every kind in turn, in random order at random places of an import, none at its very ends. */
export function planKills(count: number, random: Random): Kill[] {
  const kinds = Array.from({ length: count }, (_, index) => victimKinds[index % victimKinds.length] as VictimKind);
  const places = Array.from({ length: count }, () => 0.01 + 0.98 * random.next()).sort((a, b) => a - b);
  return shuffled(kinds, random).map((kind, index) => ({
    kind,
    at: places[index] as number,
    delayMs: random.below(longestDelayMs),
  }));
}

/**
 * Kills until all is done. Each kill waits until its victim is up, so that it interrupts something; the others may still be down.
 * @param progress share of the import that is acknowledged, asked for again and again.
 */
export async function runKills(
  kills: readonly Kill[],
  victims: ReadonlyMap<VictimKind, Victim>,
  progress: () => number,
  signal: AbortSignal,
  tally: Tally,
): Promise<void> {
  let done = 0;
  for (const { at, delayMs, kind } of kills) {
    const victim = victims.get(kind) as Victim;
    while (progress() < at) await wait(5, undefined, { signal });
    // One that died by itself in the meantime is waited for again: the import goes on when its kills are done, every one of them.
    do {
      await Promise.race([victim.whenUp(), aborted(signal)]);
      await wait(delayMs, undefined, { signal });
    } while (!(await victim.kill()));
    tally.add(`kills of ${kind}`);
    if (++done % 50 === 0) process.stdout.write(`${done} of ${kills.length} kills; ${tally}\n`);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
