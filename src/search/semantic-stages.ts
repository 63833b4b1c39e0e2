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
import { besidesExample } from './example-stage.ts';
import { rankPassages } from './ranked-passages.ts';
import type { ExampleId, GroupBy } from './search-input.ts';
import type { SemanticPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';

/** The tenant's vectors of one model that the search may return. */
export function permittedEmbeddings(
  tenantId: TenantId,
  { modelId, example }: SemanticPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
) {
  return sqlBuilder
    .selectFrom('embeddings')
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .$if(selection.hasAccessLists === true, (select) => select.where(isPermitted('embeddings.audience')))
    .$if(example !== undefined, (select) => select.where(besidesExample(example as ExampleId)))
    .$if(!selectsAll(selection), (select) => select.where('document_id', 'in', selectedDocuments(tenantId, selection)))
    .$if(conditions !== undefined, (select) =>
      select.where('chunk_id', 'in', matchingChunks(conditions as TextConditions) as never),
    )
    .$if(selection.exceptChunks.length > 0, (select) =>
      select.where('chunk_id', '<>', sql<string>`all(${selection.exceptChunks}::uuid[])`),
    );
}

/**
 * Stage one: the nearest chunks by coarse vector. It selects keys only, or the index-only scan of a small tenant would
 * become a heap scan (2.3 ms became 7.1 ms for 5,000 chunks). The tenant is named beside the policy that enforces it, for
 * without it the planner cannot see how many rows there are.
 */
export function candidateStage(
  tenantId: TenantId,
  plan: SemanticPlan,
  candidates: number,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
  stageOne: 'planned' | 'covering' = 'planned',
) {
  return permittedEmbeddings(tenantId, plan, selection, conditions)
    .select(sql.ref<ChunkId>('chunk_id').as('chunk_id'))
    .orderBy(stageOne === 'planned' ? coarseDistance(plan) : unindexedDistance(plan))
    .limit(candidates);
}

/** Negative inner product of the coarse vectors: the order that a graph gives. */
export function coarseDistance({ coarse }: SemanticPlan) {
  return sql<number>`coarse <#> ${coarse}::halfvec`;
}

/** The same as a number that no index is in the order of: the sum keeps the planner from the graph. */
export function unindexedDistance(plan: SemanticPlan) {
  return sql<number>`(${coarseDistance(plan)}) + 0`;
}

/**
 * True, or the statement fails: a search by vectors of a model that is not the tenant's active one would find what is left of
 * them. Asked once a statement: one look at a primary key.
 */
export function isByActiveModel({ modelId }: Pick<SemanticPlan, 'modelId'>) {
  return sql<boolean>`(select require_active_model(${modelId}))`;
}

/** Stage two: the survivors at full precision, the best passage of each item, ranked. */
export function rerankStage(tenantId: TenantId, plan: SemanticPlan, groupBy: GroupBy) {
  const passages = sqlBuilder
    .withTables<SearchTables>()
    .selectFrom('candidates')
    .innerJoin('embeddings', 'embeddings.chunk_id', 'candidates.chunk_id')
    .select([
      sql.ref<DocumentId>('embeddings.document_id').as('document_id'),
      sql.ref<ChunkId>('embeddings.chunk_id').as('chunk_id'),
      fullDistance(plan).as('distance'),
    ])
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', plan.modelId);
  return rankPassages(passages, groupBy);
}

/** In place of both stages: every permitted chunk at full precision. Nothing is missed; it reads every full vector. */
export function exhaustiveStage(
  tenantId: TenantId,
  plan: SemanticPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
  groupBy: GroupBy,
) {
  const passages = permittedEmbeddings(tenantId, plan, selection, conditions).select([
    sql.ref<DocumentId>('document_id').as('document_id'),
    sql.ref<ChunkId>('chunk_id').as('chunk_id'),
    fullDistance(plan).as('distance'),
  ]);
  return rankPassages(passages, groupBy);
}

function fullDistance({ full }: SemanticPlan) {
  return sql<number>`embeddings.full_vector <#> ${full}::vector`;
}
