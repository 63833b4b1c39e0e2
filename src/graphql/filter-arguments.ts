import { Refusal } from '../errors.ts';
import type { DocumentFilter } from '../filter.ts';
import type { DocumentFilterInput } from './filter-inputs.ts';

const deepest = 8;
const mostConditions = 64;
const longestList = 100;

/**
 * Reads a filter as GraphQL gives it: a null means the same as leaving the field out.
 * @throws {Refusal} `BAD_USER_INPUT` when it is nested deeper than 8, has more than 64 conditions, or a list is too long.
 */
export function readFilter(filter: typeof DocumentFilterInput.$inferInput): DocumentFilter {
  let conditions = 0;
  return strip(filter, 0) as DocumentFilter;

  function strip(value: unknown, depth: number): unknown {
    if (Array.isArray(value)) {
      if (value.length > longestList) throw refuse(`a list of ${value.length}; at most ${longestList} are allowed`);
      return value.map((inner) => strip(inner, depth));
    }
    if (typeof value === 'string' && value.includes('\0')) throw refuse('a NUL character, which no text can hold');
    if (value === null || typeof value !== 'object' || value instanceof Date) return value;
    if (depth > 2 * deepest) throw refuse(`more than ${deepest} levels`);
    conditions += 1;
    if (conditions > mostConditions) throw refuse(`more than ${mostConditions} conditions`);
    const given = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
    return Object.fromEntries(given.map(([key, inner]) => [key, strip(inner, depth + 1)]));
  }
}

function refuse(found: string): Refusal {
  return new Refusal('BAD_USER_INPUT', `The filter has ${found}.`);
}
