/** Numbers that look random and are the same in every run with the same seed. */
export interface Random {
  /** 0 inclusive to 1 exclusive. */
  next(): number;
  /** A whole number, 0 inclusive to `end` exclusive. */
  below(end: number): number;
  /** Mean 0, variance 1, bell-shaped: three uniform numbers added up, cut at three standard deviations. */
  bell(): number;
}

/** Mulberry32: 32 bits of state, a few nanoseconds a number. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    below: (end) => Math.floor(next() * end),
    bell: () => 2 * (next() + next() + next() - 1.5),
  };
}

/** The list in another order, each as likely. */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const result = [...items];
  for (let end = result.length; end > 1; end--) {
    const other = random.below(end);
    [result[end - 1], result[other]] = [result[other] as Item, result[end - 1] as Item];
  }
  return result;
}
