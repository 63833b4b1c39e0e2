import { seededRandom } from '../support/random-queries.ts';

/** Choices that are the same for the same seed. */
export interface Draws {
  /** From 0 to below the limit. */
  below(limit: number): number;
  chance(share: number): boolean;
  pick<Value>(from: readonly Value[]): Value;
  /** Some of them, each at most once, in their order. */
  some<Value>(from: readonly Value[], most: number): Value[];
}

export function createDraws(seed: number): Draws {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  return {
    below,
    chance: (share) => random() < share,
    pick: (from) => {
      if (from.length === 0) throw new Error('There is nothing to pick from.');
      return from[below(from.length)] as (typeof from)[number];
    },
    some: (from, most) => {
      const wanted = new Set(Array.from({ length: below(most + 1) }, () => below(from.length)));
      return from.filter((_, index) => wanted.has(index));
    },
  };
}
