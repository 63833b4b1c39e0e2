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
import type { KeywordPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';

const db = sqlBuilder.withTables<SearchTables>();

/** The tenant's chunks that the search may return: read from the covering index alone where nothing else is asked of them. */
export function permittedChunks(
  tenantId: TenantId,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
) {
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

/** The best of some chunks, by language. The factor keeps the planner from looking for an index that returns this order. */
export function bestOfEach(chunks: ReturnType<typeof permittedChunks>, { candidates }: KeywordPlan) {
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

/** Ids of the best chunks with the rarest words, of all that the caller may see: the function asks that by itself. */
export function bestWithRarest(candidates: number) {
  return sql<ChunkId>`(select keyword_best(query.language, query.rarest, query.terms, ${candidates}))`;
}
