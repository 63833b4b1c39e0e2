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

/**
 * The query's words as inverse document frequencies, the sum of those (what a text with every word would weigh), and the
 * rarest of them, where those alone are looked for.
 */
export function queryStage({ language, words, scan }: KeywordPlan) {
  const rarest =
    scan.kind === 'rarest'
      ? sql<string | null>`rarest_words(${language}, ${words}, ${scan.rowBudget})`
      : sql<null>`null::tsquery`;
  return sqlBuilder
    .selectFrom(sql<{ terms: string }>`(select query_terms(${language}, ${words}))`.as<'q'>(sql`q (terms)`))
    .select(['terms', sql<number>`l1_distance(terms, '{}/268435456')`.as('weight'), rarest.as('rarest')]);
}

/** The best chunks by BM25, scored whole or from the rarest words on. */
export function keywordChunkStage(
  tenantId: TenantId,
  plan: KeywordPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
) {
  const permitted = permittedChunks(tenantId, plan, selection, conditions);
  if (plan.scan.kind === 'exact') return best(permitted, plan);
  // Whichever is not wanted is not run: its condition is the same for every row.
  const everyChunk = permitted.where(sql<boolean>`(select rarest from query) is null`);
  const isWhole = selectsAll(selection) && conditions === undefined && selection.exceptChunks.length === 0;
  const found = isWhole
    ? sql<ChunkId>`(select keyword_best(${plan.language}, (select rarest from query), (select terms from query), ${plan.candidates}))`
    : sql<ChunkId>`(select keyword_matches(${plan.language}, (select rarest from query)))`;
  const withRarest = permitted
    .where('id', 'in', found as never)
    .where(sql<boolean>`(select rarest from query) is not null`);
  return sqlBuilder
    .selectFrom(
      sqlBuilder
        .selectFrom(best(everyChunk, plan).as('every_chunk'))
        .select(['document_id', 'chunk_id', 'distance'])
        .unionAll(
          sqlBuilder
            .selectFrom(best(withRarest, plan).as('with_rarest'))
            .select(['document_id', 'chunk_id', 'distance']),
        )
        .as('either'),
    )
    .select(['document_id', 'chunk_id', 'distance']);
}

/** The tenant's chunks that the search may return: read from the covering index alone where nothing else is asked of them. */
function permittedChunks(
  tenantId: TenantId,
  plan: KeywordPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
) {
  return sqlBuilder
    .selectFrom('chunks')
    .where('tenant_id', '=', tenantId)
    .where('language', '=', plan.language)
    .$if(!selectsAll(selection), (select) => select.where('document_id', 'in', selectedDocuments(tenantId, selection)))
    .$if(conditions !== undefined, (select) =>
      select.where('id', 'in', matchingChunks(conditions as TextConditions) as never),
    );
}

/** The `+ 0` keeps the planner from looking for an index that returns this order. */
function best(chunks: ReturnType<typeof permittedChunks>, plan: KeywordPlan) {
  return chunks
    .select([
      sql.ref<DocumentId>('document_id').as('document_id'),
      sql.ref<ChunkId>('id').as('chunk_id'),
      sql<number>`(chunks.terms <#> (select terms from query)) + 0`.as('distance'),
    ])
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
