/** Runs work, so many at a time, the others after them in the order in which they came. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function createLanes(mostAtOnce: number): InTurn {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running === mostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // Whoever is next takes the lane over.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
