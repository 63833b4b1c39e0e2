import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import {
  type DocumentSelection,
  matchingChunks,
  selectedDocuments,
  selectsAll,
  type TextConditions,
} from './document-selection.ts';
import { rankPassages } from './ranked-passages.ts';
import type { GroupBy } from './search-input.ts';
import type { KeywordPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';

/** The query's words as inverse document frequencies, and the sum of those: what a text with every word would weigh. */
export function queryStage({ language, words }: KeywordPlan) {
  return sqlBuilder
    .selectFrom(sql<{ terms: string }>`(select query_terms(${language}, ${words}))`.as<'q'>(sql`q (terms)`))
    .select(['terms', sql<number>`l1_distance(terms, '{}/268435456')`.as('weight')]);
}

/**
 * BM25 over a tenant's chunks: an index-only scan of the covering index, exact. The `+ 0` keeps the planner from looking
 * for an index that returns this order.
 */
export function keywordChunkStage(
  tenantId: TenantId,
  plan: KeywordPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
) {
  return sqlBuilder
    .selectFrom('chunks')
    .select([
      sql.ref<DocumentId>('document_id').as('document_id'),
      sql.ref<ChunkId>('id').as('chunk_id'),
      sql<number>`(chunks.terms <#> (select terms from query)) + 0`.as('distance'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('language', '=', plan.language)
    .$if(!selectsAll(selection), (select) => select.where('document_id', 'in', selectedDocuments(tenantId, selection)))
    .$if(conditions !== undefined, (select) =>
      select.where('id', 'in', matchingChunks(conditions as TextConditions) as never),
    )
    .orderBy('distance')
    .limit(plan.candidates);
}

/** The best passage of each item that has any of the words, ranked. */
export function keywordStage(groupBy: GroupBy) {
  const passages = sqlBuilder
    .withTables<SearchTables>()
    .selectFrom('keyword_chunks')
    .select(['document_id', 'chunk_id', 'distance'])
    .where('distance', '<', 0);
  return rankPassages(passages, groupBy);
}
