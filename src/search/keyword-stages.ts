import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import {
  type DocumentSelection,
  isPermitted,
  matchingChunks,
  selectedDocuments,
  selectsAll,
  type TextConditions,
} from './document-selection.ts';
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
 */
export function keywordChunkStage(
  tenantId: TenantId,
  plan: KeywordPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
) {
  const permitted = permittedChunks(tenantId, selection, conditions);
  const every = bestOfEach(permitted, plan);
  if (plan.scan.kind === 'exact') return every;
  // The function looks past what the caller may not see by itself.
  const isWhole = selectsAll(selection) && conditions === undefined && selection.exceptChunks.length === 0;
  const found = isWhole
    ? sql<ChunkId>`(select keyword_best(query.language, query.rarest, query.terms, ${plan.candidates}))`
    : sql<ChunkId>`(select keyword_matches(query.language, query.rarest))`;
  const withRarest = bestOfEach(permitted.where('chunks.id', 'in', found as never), plan);
  // Of each language the one or the other is run: which one is known before a chunk is looked at.
  return every.where('query.rarest', 'is', null).unionAll(withRarest.where('query.rarest', 'is not', null));
}

/** The tenant's chunks that the search may return: read from the covering index alone where nothing else is asked of them. */
function permittedChunks(tenantId: TenantId, selection: DocumentSelection, conditions: TextConditions | undefined) {
  return db
    .selectFrom('chunks')
    .where('chunks.tenant_id', '=', tenantId)
    .where('chunks.language', '=', sql.ref<string>('query.language'))
    .$if(selection.hasAccessLists === true, (select) => select.where(isPermitted('chunks.audience')))
    .$if(!selectsAll(selection), (select) => select.where('document_id', 'in', selectedDocuments(tenantId, selection)))
    .$if(conditions !== undefined, (select) =>
      select.where('id', 'in', matchingChunks(conditions as TextConditions) as never),
    );
}

/** The factor keeps the planner from looking for an index that returns this order. */
function bestOfEach(chunks: ReturnType<typeof permittedChunks>, { candidates }: KeywordPlan) {
  const best = chunks
    .select([
      sql.ref<DocumentId>('chunks.document_id').as('document_id'),
      sql.ref<ChunkId>('chunks.id').as('chunk_id'),
      sql<number>`(chunks.terms <#> query.terms) * query.scale`.as('distance'),
    ])
    .orderBy('distance')
    .limit(candidates);
  return db
    .selectFrom('query')
    .innerJoinLateral(best.as('best'), (join) => join.onTrue())
    .select(['best.document_id', 'best.chunk_id', 'best.distance']);
}

/** The best passage of each item that has any of the words, ranked. */
export function keywordStage(groupBy: GroupBy) {
  const passages = db
    .selectFrom('keyword_chunks')
    .select(['document_id', 'chunk_id', 'distance'])
    .where('distance', '<', 0);
  return rankPassages(passages, groupBy);
}
