import { sql } from 'kysely';
import type { KeywordPlan } from './search-plan.ts';
import type { QueryWords } from './search-tables.ts';

/**
 * A query in each language that the tenant's chunks are in, as a table `q` of a row each. The languages are looked up by
 * the statement itself, so a text is found in the very commit that writes it, also where it is the first of its language.
 */
export function queryWords(words: string) {
  return call(words, [], 0, 0);
}

/** The same with what is to be looked for in the word index of each language that has one. */
export function indexedQueryWords({ words, scan, candidates }: KeywordPlan) {
  return scan.kind === 'rarest' ? call(words, scan.languages, scan.rowBudget, candidates) : queryWords(words);
}

function call(words: string, indexed: readonly string[], rowBudget: number, leastRows: number) {
  return sql<QueryWords>`query_words(${words}, ${indexed}::text[], ${rowBudget}::int, ${leastRows}::int)`.as<'q'>(
    sql`q`,
  );
}
