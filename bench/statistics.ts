/** The value below which that share of the numbers lies. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** Share of the true nearest that was found. */
export function recallOf(found: readonly string[], nearest: readonly string[]): number {
  const known = new Set(found);
  return nearest.filter((id) => known.has(id)).length / nearest.length;
}

/**
 * Runs the measurements in turn, round by round, so that what else the machine does falls on all of them alike. Every
 * second round goes backwards.
 * @returns for each measurement its result of each round.
 */
export async function interleave<Result>(
  rounds: number,
  measurements: readonly (() => Promise<Result>)[],
): Promise<Result[][]> {
  const results = measurements.map((): Result[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...measurements.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) results[index]?.push(await (measurements[index] as () => Promise<Result>)());
  }
  return results;
}
