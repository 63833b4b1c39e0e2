import { type QueryCreator, sql } from 'kysely';
import type { Schema } from '../db/catalog.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import { conditionsOf, matchingChunks, selectedDocuments } from './document-selection.ts';
import { exampleStages, isExample } from './example-stage.ts';
import { queryWords } from './query-words.ts';
import type { ExampleId } from './search-input.ts';
import type { KeywordPlan, SearchPlan, SemanticPlan } from './search-plan.ts';
import { withStages } from './search-statement.ts';
import type { SearchTables } from './search-tables.ts';
import { isByActiveModel, permittedEmbeddings, unindexedDistance } from './semantic-stages.ts';
import { stageOneStages } from './stage-one.ts';

/**
 * Rows that are ranked to find a document's place: as many as both halves pass on at most, where a tenant has one language.
 */
const mostRanked = 20_000;

/**
 * What a document is to a search before any ranking: whether it is there, may be returned, has vectors and has the words.
 * `embedded` counts passages with a vector of their own, `vectors` those that stand in for one as well, and `comparable` what
 * is left of these without the passages that the search started from.
 */
export function documentFactsStatement(tenantId: TenantId, plan: SearchPlan, documentId: DocumentId) {
  const { modelId, selection, keyword, semantic } = plan;
  return sqlBuilder
    .selectFrom('documents')
    .select((eb) => {
      const chunks = eb
        .selectFrom('chunks')
        .where('chunks.tenant_id', '=', tenantId)
        .where('chunks.document_id', '=', documentId);
      const vectors = eb
        .selectFrom('embeddings')
        .innerJoin('chunks', 'chunks.id', 'embeddings.chunk_id')
        .where('embeddings.tenant_id', '=', tenantId)
        .where('embeddings.model_id', '=', modelId)
        .where('chunks.tenant_id', '=', tenantId)
        .where('chunks.document_id', '=', documentId)
        .select(sql<number>`count(*)::int`.as('n'));
      const { exceptChunks } = selection;
      const comparable = vectors
        .$if(semantic?.example !== undefined, (query) =>
          query.where(sql<boolean>`not ${isExample(semantic?.example as ExampleId)}`),
        )
        .$if(exceptChunks.length > 0, (query) =>
          query.where('embeddings.chunk_id', '<>', sql<string>`all(${exceptChunks}::uuid[])`),
        );
      return [
        eb('documents.id', 'in', selectedDocuments(tenantId, selection) as never).as('isSelected'),
        chunks.select(sql<number>`count(*)::int`.as('n')).$asScalar().as('chunks'),
        vectors.where('embeddings.stand_in', '=', 0).$asScalar().as('embedded'),
        vectors.$asScalar().as('vectors'),
        comparable.$asScalar().as('comparable'),
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
 * The best place of a document among everything that the search ranks, from 1, with its score there; no row where it is not
 * ranked. The limits of the page do not count.
 */
export function placeStatement(tenantId: TenantId, plan: SearchPlan, documentId: DocumentId) {
  const everything = { ...plan, seen: [], minScore: undefined, limit: mostRanked, withVectors: false };
  const { semantic } = plan;
  const placed = sqlBuilder
    .withTables<SearchTables>()
    .selectFrom('page')
    .select([
      'document_id',
      'score',
      sql<number>`row_number() over (order by score desc, item_id desc)::int`.as('rank'),
    ]);
  return withStages(tenantId, everything)
    .selectFrom(placed.as('placed'))
    .select(['placed.rank', 'placed.score'])
    .where('placed.document_id', '=', documentId)
    .$if(semantic !== undefined, (query) => query.where(isByActiveModel(semantic as SemanticPlan)))
    .orderBy('placed.rank')
    .limit(1);
}

/**
 * Where the document's best chunk really stands by coarse vector among all that the search may return, from 1: counted over
 * every one of them, without the graph. No row where it has no chunk among those.
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
    .with('best', (db) =>
      db
        .selectFrom('permitted')
        .select((eb) => eb.fn.min('distance').as('distance'))
        .where('document_id', '=', documentId),
    )
    .selectFrom('best')
    .select((eb) =>
      eb
        .selectFrom('permitted')
        .select(sql<number>`count(*)::int + 1`.as('rank'))
        .whereRef('permitted.distance', '<', 'best.distance')
        .$asScalar()
        .$notNull()
        .as('rank'),
    )
    .where('best.distance', 'is not', null);
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
