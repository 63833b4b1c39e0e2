import { type QueryCreator, sql } from 'kysely';
import type { Schema } from '../db/catalog.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import { conditionsOf, matchingChunks, selectedDocuments } from './document-selection.ts';
import { exampleStages } from './example-stage.ts';
import { queryWords } from './query-words.ts';
import type { KeywordPlan, SearchPlan, SemanticPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';
import { permittedEmbeddings, unindexedDistance } from './semantic-stages.ts';
import { stageOneStages } from './stage-one.ts';

/** What a document is to a search before any ranking: whether it is there, may be returned, has vectors and has the words. */
export function documentFactsStatement(tenantId: TenantId, plan: SearchPlan, documentId: DocumentId) {
  const { modelId, selection, keyword } = plan;
  return sqlBuilder
    .selectFrom('documents')
    .select((eb) => {
      const chunks = eb
        .selectFrom('chunks')
        .where('chunks.tenant_id', '=', tenantId)
        .where('chunks.document_id', '=', documentId);
      const embedded = eb
        .selectFrom('embeddings')
        .innerJoin('chunks', 'chunks.id', 'embeddings.chunk_id')
        .where('embeddings.tenant_id', '=', tenantId)
        .where('embeddings.model_id', '=', modelId)
        .where('chunks.tenant_id', '=', tenantId)
        .where('chunks.document_id', '=', documentId);
      return [
        eb('documents.id', 'in', selectedDocuments(tenantId, selection) as never).as('isSelected'),
        chunks.select(sql<number>`count(*)::int`.as('n')).$asScalar().as('chunks'),
        embedded.select(sql<number>`count(*)::int`.as('n')).$asScalar().as('embedded'),
        chunks.select(keywordScore(keyword).as('score')).$asScalar().as('keywordScore'),
        chunks.select(conditionsHold(plan).as('hold')).$asScalar().as('conditionsHold'),
      ];
    })
    .where('documents.tenant_id', '=', tenantId)
    .where('documents.id', '=', documentId);
}

/** BM25 of the best chunk; null for a search without words. */
function keywordScore(keyword: KeywordPlan | undefined) {
  if (!keyword) return sql<number | null>`max(null::float8)`;
  const score = sqlBuilder
    .selectFrom(queryWords(keyword.words))
    .select(sql<number>`-(chunks.terms <#> q.terms) * q.scale`.as('score'))
    .whereRef('q.language', '=', sql.ref<string>('chunks.language'));
  return sql<number | null>`max(${score})`;
}

function conditionsHold(plan: SearchPlan) {
  const conditions = conditionsOf(plan);
  if (!conditions) return sql<boolean>`bool_and(true)`;
  return sql<boolean>`bool_or(chunks.id in ${matchingChunks(conditions)})`;
}

/**
 * Where the document's best chunk really stands by coarse vector among all that the search may return, from 1: counted over
 * every one of them, without the graph.
 */
export function trueRankStatement(
  tenantId: TenantId,
  plan: SearchPlan & { readonly semantic: SemanticPlan },
  documentId: DocumentId,
) {
  const permitted = permittedEmbeddings(tenantId, plan.semantic, plan.selection, conditionsOf(plan)).select([
    'document_id',
    unindexedDistance(plan.semantic).as('distance'),
  ]);
  return withNamed(exampleStages(tenantId, plan.semantic))
    .with('permitted', () => permitted)
    .selectFrom('permitted')
    .select(sql<number>`count(*)::int + 1`.as('rank'))
    .where('distance', '<', (eb) =>
      eb
        .selectFrom('permitted')
        .select((e) => e.fn.min('distance').as('best'))
        .where('document_id', '=', documentId),
    );
}

/** Whether stage one, as it really runs, passes on any chunk of the document. */
export function isCandidateStatement(
  tenantId: TenantId,
  plan: SearchPlan & { readonly semantic: SemanticPlan },
  documentId: DocumentId,
) {
  const { semantic, selection } = plan;
  return withNamed([
    ...exampleStages(tenantId, semantic),
    ...stageOneStages(tenantId, semantic, selection, conditionsOf(plan)),
  ])
    .selectFrom('candidates')
    .innerJoin('embeddings', 'embeddings.chunk_id', 'candidates.chunk_id')
    .select(sql<number>`count(*)::int`.as('chunks'))
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', plan.modelId)
    .where('embeddings.document_id', '=', documentId);
}

function withNamed(stages: readonly (readonly [keyof SearchTables, unknown])[]): QueryCreator<Schema & SearchTables> {
  let db: QueryCreator<Schema & SearchTables> = sqlBuilder.withTables<SearchTables>();
  for (const [name, stage] of stages) {
    db = db.with(
      (cte) => cte(name).materialized(),
      () => stage as never,
    ) as typeof db;
  }
  return db;
}
