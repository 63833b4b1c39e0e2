import { parseVector } from '../db/vector-parameter.ts';
import { diversify } from './diversify.ts';
import type { HitRow } from './reported-search.ts';

/**
 * Rows that a page is chosen from: one more than it has, to know of the next, or several times as many where its hits should
 * be unlike each other.
 */
export function rowsToChooseFrom(first: number, diversity = 0): number {
  return diversity > 0 ? Math.min(200, 5 * first + 1) : first + 1;
}

/**
 * The hits of a page, out of the best rows of a search.
 * @param rows in the order of their scores, with their vectors where hits should be unlike each other.
 * @param diversity how much they should be, 0 to 1.
 */
export function choosePage(rows: readonly HitRow[], first: number, diversity = 0): readonly HitRow[] {
  return diversity > 0 ? diversify(rows.map(withVector), first, diversity).map(({ row }) => row) : rows.slice(0, first);
}

function withVector(row: HitRow) {
  return { row, score: row.score, vector: row.vector === null ? undefined : parseVector(row.vector) };
}
