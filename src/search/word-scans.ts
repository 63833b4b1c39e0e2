import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { indexedQueryWords } from './query-words.ts';
import type { KeywordPlan } from './search-plan.ts';

/** How the words of a query are looked for in one of the tenant's languages. */
export interface WordScan {
  readonly language: string;
  /** False where every chunk is scored: there is no word index, or the words are too common for one to be of use. */
  readonly byIndex: boolean;
}

/** How the keyword half of a search decides, language by language: a row each. */
export function wordScansStatement(plan: KeywordPlan) {
  return sqlBuilder
    .selectFrom(indexedQueryWords(plan))
    .select(['q.language', sql<boolean>`q.rarest is not null`.as('byIndex')])
    .orderBy('q.language');
}
