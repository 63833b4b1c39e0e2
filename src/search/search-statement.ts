import { type QueryCreator, sql } from 'kysely';
import type { Schema } from '../db/catalog.ts';
import { sqlBuilder } from '../db/compile.ts';
import { documentColumns } from '../db/document-columns.ts';
import type { ChunkId, TenantId } from '../ids.ts';
import { conditionsOf } from './document-selection.ts';
import { exampleStages } from './example-stage.ts';
import { ageStage, fusionStage, keywordOnlyStage, pageStage, semanticOnlyStage } from './fusion-stages.ts';
import { keywordChunkStages, keywordStage, queryStage } from './keyword-stages.ts';
import type { SearchPlan, SemanticPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';
import { exhaustiveStage, isByActiveModel, rerankStage } from './semantic-stages.ts';
import { stageOneStages } from './stage-one.ts';
import { withStage } from './with-stage.ts';

/** The whole search in one statement: both halves, their fusion, and the page with its documents and passages. */
export function searchStatement(tenantId: TenantId, plan: SearchPlan) {
  const { semantic } = plan;
  return selectHits(withStages(tenantId, plan), tenantId, plan)
    .$if(semantic !== undefined, (query) => query.where(isByActiveModel(semantic as SemanticPlan)))
    .orderBy('page.score', 'desc')
    .orderBy('page.item_id', 'desc');
}

/** The rows of the page with their documents and passages, in no order. */
export function selectHits(
  db: QueryCreator<Schema & SearchTables>,
  tenantId: TenantId,
  plan: Pick<SearchPlan, 'modelId' | 'withVectors'>,
) {
  return db
    .selectFrom('page')
    .innerJoin('documents', 'documents.id', 'page.document_id')
    .innerJoin('chunks', 'chunks.id', 'page.chunk_id')
    .innerJoinLateral(vectorsOfPassage(tenantId, plan).as('vectors'), (join) => join.onTrue())
    .select(documentColumns)
    .select([
      sql<string>`page.item_id`.as('itemId'),
      'page.score',
      'page.vector_score as vectorScore',
      'page.keyword_score as keywordScore',
      sql.ref<ChunkId>('chunks.id').as('chunkId'),
      'chunks.ordinal',
      'chunks.context',
      'chunks.text',
      'chunks.start_offset as startOffset',
      'chunks.end_offset as endOffset',
      'vectors.embeddedAt',
      'vectors.hasStandIn',
      'vectors.vector',
    ])
    .where('documents.tenant_id', '=', tenantId)
    .where('chunks.tenant_id', '=', tenantId);
}

/**
 * What is known of a passage's own vector, and whether vectors of an older text stand in for it: those may be what it was found
 * by, and are never what is shown. One row, also where there is no vector.
 */
function vectorsOfPassage(tenantId: TenantId, { modelId, withVectors }: Pick<SearchPlan, 'modelId' | 'withVectors'>) {
  const own = sql`filter (where embeddings.stand_in = 0)`;
  const vector = withVectors
    ? sql<string | null>`max(embeddings.full_vector::text) ${own}`
    : sql<string | null>`null::text`;
  return sqlBuilder
    .selectFrom('embeddings')
    .select([
      sql<Date | null>`max(embeddings.created_at) ${own}`.as('embeddedAt'),
      sql<boolean>`coalesce(bool_or(embeddings.stand_in > 0), false)`.as('hasStandIn'),
      vector.as('vector'),
    ])
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', modelId)
    .where(sql<boolean>`embeddings.chunk_id = page.chunk_id`);
}

/** Every stage of the search by its name, up to `page`. */
export function withStages(tenantId: TenantId, plan: SearchPlan): QueryCreator<Schema & SearchTables> {
  const { semantic, keyword, selection, groupBy } = plan;
  const conditions = conditionsOf(plan);
  let db: QueryCreator<Schema & SearchTables> = sqlBuilder.withTables<SearchTables>();
  const added = new Set<string>();
  const add = (name: keyof SearchTables, stage: unknown) => {
    // Both halves begin with what the filter selects.
    if (added.has(name)) return;
    added.add(name);
    db = withStage(db, name, stage);
  };
  if (semantic) for (const [name, stage] of exampleStages(tenantId, semantic)) add(name, stage);
  if (semantic?.depth.kind === 'two-stage') {
    for (const [name, stage] of stageOneStages(tenantId, semantic, selection, conditions)) add(name, stage);
    add('semantic', rerankStage(tenantId, semantic, groupBy));
  } else if (semantic) {
    add('semantic', exhaustiveStage(tenantId, semantic, selection, conditions, groupBy));
  }
  if (keyword) {
    add('query', queryStage(keyword));
    for (const [name, stage] of keywordChunkStages(tenantId, keyword, selection, conditions)) add(name, stage);
    add('keyword', keywordStage(groupBy));
  }
  if (semantic && keyword) add('fused', fusionStage(plan.fusion));
  else add('fused', semantic ? semanticOnlyStage() : keywordOnlyStage());
  if (plan.recency) add('aged', ageStage(tenantId, plan.recency));
  add('page', pageStage(tenantId, plan));
  return db;
}
