import { type QueryCreator, sql } from 'kysely';
import type { Schema } from '../db/catalog.ts';
import { sqlBuilder } from '../db/compile.ts';
import { documentColumns } from '../db/document-columns.ts';
import type { FusionWeights } from '../embed/embedder.ts';
import type { ChunkId, TenantId } from '../ids.ts';
import type { DocumentSelection } from './document-selection.ts';
import { fusionStage, keywordOnlyStage, type Page, pageStage, semanticOnlyStage } from './fusion-stages.ts';
import type { KeywordQuery } from './keyword-query.ts';
import { keywordChunkStage, keywordStage, queryStage } from './keyword-stages.ts';
import type { SearchTables } from './search-tables.ts';
import { candidateStage, rerankStage, type SemanticQuery } from './semantic-stages.ts';

/** A search as it is sent to the database. At least one half is there; with both, their ranks are fused. */
export interface SearchPlan extends Page {
  readonly semantic?: SemanticQuery;
  readonly keyword?: KeywordQuery & { readonly language: string; readonly candidates: number };
  readonly weights: FusionWeights;
  readonly selection: DocumentSelection;
}

/** The whole search in one statement: both halves, their fusion, and the page with its documents and passages. */
export function searchStatement(tenantId: TenantId, plan: SearchPlan) {
  return withStages(tenantId, plan)
    .selectFrom('page')
    .innerJoin('documents', 'documents.id', 'page.document_id')
    .innerJoin('chunks', 'chunks.id', 'page.chunk_id')
    .select(documentColumns)
    .select([
      'page.score',
      'page.vector_score as vectorScore',
      'page.keyword_score as keywordScore',
      sql.ref<ChunkId>('chunks.id').as('chunkId'),
      'chunks.ordinal',
      'chunks.context',
      'chunks.text',
      'chunks.start_offset as startOffset',
      'chunks.end_offset as endOffset',
    ])
    .where('documents.tenant_id', '=', tenantId)
    .where('chunks.tenant_id', '=', tenantId)
    .orderBy('page.score', 'desc')
    .orderBy('page.document_id', 'desc');
}

function withStages(tenantId: TenantId, plan: SearchPlan): QueryCreator<Schema & SearchTables> {
  const { semantic, keyword, selection } = plan;
  const conditions =
    keyword?.conditions === undefined ? undefined : { language: keyword.language, conditions: keyword.conditions };
  let db: QueryCreator<Schema & SearchTables> = sqlBuilder.withTables<SearchTables>();
  // Materialised, so that stage one stays the plain ordered scan that its index serves.
  const add = (name: keyof SearchTables, stage: unknown) => {
    db = db.with(
      (cte) => cte(name).materialized(),
      () => stage as never,
    ) as typeof db;
  };
  if (semantic) {
    add('candidates', candidateStage(tenantId, semantic, selection, conditions));
    add('semantic', rerankStage(tenantId, semantic));
  }
  if (keyword) {
    add('query', queryStage(keyword.language, keyword));
    add('keyword_chunks', keywordChunkStage(tenantId, keyword.language, keyword.candidates, selection, conditions));
    add('keyword', keywordStage());
  }
  if (semantic && keyword) add('fused', fusionStage(plan.weights));
  else add('fused', semantic ? semanticOnlyStage() : keywordOnlyStage());
  add('page', pageStage(plan));
  return db;
}
