import { sqlBuilder } from '../db/compile.ts';
import type { TenantId } from '../ids.ts';
import { type DocumentSelection, permitsAll, type TextConditions } from './document-selection.ts';
import { filteredWordStages } from './filtered-words.ts';
import { bestOfEach, bestWithRarest, permittedChunks } from './permitted-words.ts';
import { indexedQueryWords } from './query-words.ts';
import { rankPassages } from './ranked-passages.ts';
import type { GroupBy } from './search-input.ts';
import type { KeywordPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';

const db = sqlBuilder.withTables<SearchTables>();

/** The query in each of the tenant's languages, a row each. */
export function queryStage(plan: KeywordPlan) {
  return sqlBuilder
    .selectFrom(indexedQueryWords(plan))
    .select(['q.language', 'q.terms', 'q.weight', 'q.scale', 'q.rarest']);
}

/**
 * The best chunks of each language by BM25, scored whole or from the rarest words on. Their distances are comparable
 * between languages.
 *
 * @returns the named stages, in their order; the last is `keyword_chunks`.
 */
export function keywordChunkStages(
  tenantId: TenantId,
  plan: KeywordPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
): [keyof SearchTables, unknown][] {
  const { scan, candidates } = plan;
  const every = bestOfEach(permittedChunks(tenantId, selection, conditions), plan);
  if (scan.kind === 'exact') return [['keyword_chunks', every]];
  if (!permitsAll(selection, conditions)) return filteredWordStages(tenantId, { ...plan, scan }, selection, conditions);
  const withRarest = bestOfEach(
    permittedChunks(tenantId, selection, conditions).where('chunks.id', 'in', bestWithRarest(candidates) as never),
    plan,
  );
  // Of each language the one or the other is run: which one is known before a chunk is looked at.
  const either = every.where('query.rarest', 'is', null).unionAll(withRarest.where('query.rarest', 'is not', null));
  return [['keyword_chunks', either]];
}

/** The best passage of each item that has any of the words, ranked. */
export function keywordStage(groupBy: GroupBy) {
  const passages = db
    .selectFrom('keyword_chunks')
    .select(['document_id', 'chunk_id', 'distance'])
    .where('distance', '<', 0);
  return rankPassages(passages, groupBy);
}
