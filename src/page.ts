import { Refusal } from './errors.ts';

/** Items of a page when nobody says how many. */
export const defaultPageSize = 10;
/** Items of a page at most. */
export const largestPageSize = 100;

/** One page of a list, and whether there is another. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
}

/**
 * Checks a caller's `first`.
 * @throws {Refusal} `BAD_USER_INPUT` when it is not a whole number from 1 to 100.
 */
export function checkPageSize(first: number | null | undefined): number {
  if (first === null || first === undefined) return defaultPageSize;
  if (Number.isInteger(first) && first >= 1 && first <= largestPageSize) return first;
  throw new Refusal('BAD_USER_INPUT', `"first" is ${first}; a whole number from 1 to ${largestPageSize} is allowed.`);
}

/** Cuts rows that were read with a limit of one more than the page. */
export function toPage<Item>(rows: readonly Item[], first: number): Page<Item> {
  return { items: rows.slice(0, first), hasNextPage: rows.length > first };
}
