import type { Found } from './recall-statements.ts';

/** Two computations of one distance may differ in the last bits. */
const tolerance = 1e-6;

/**
 * The share of the `depth` nearest that were found. What counts is the distance, not the id: of equals (the same text
 * stored twice) either will do.
 * @param found what a search returned.
 * @param truth what it should have returned, nearest first, at least `depth` of them where there are so many.
 * @returns 0 to 1; 1 where there is nothing to find.
 */
export function recallAt(depth: number, found: readonly Found[], truth: readonly Found[]): number {
  const wanted = Math.min(depth, truth.length);
  if (wanted === 0) return 1;
  const farthest = (truth[wanted - 1] as Found).distance + tolerance;
  const near = found.filter(({ distance }) => distance <= farthest).length;
  return Math.min(near, wanted) / wanted;
}

/** What a query finds besides the chunk that it was taken from, if any, which no search can miss and which proves nothing. */
export function withoutItself(chunkId: string | undefined, found: readonly Found[]): Found[] {
  return found.filter((one) => one.chunkId !== chunkId);
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The smallest value that at least this share of the values does not exceed (nearest rank).
 * @param share above 0, up to 1.
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
