import { type QueryCreator, type SelectQueryBuilder, sql } from 'kysely';
import type { Schema } from '../db/catalog.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { satisfies } from './document-selection.ts';
import { exampleStages } from './example-stage.ts';
import { fusionStage, keywordOnlyStage, semanticOnlyStage } from './fusion-stages.ts';
import { queryStage } from './keyword-stages.ts';
import type { SearchPlan, SemanticPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';
import { withStage } from './with-stage.ts';

/** A piece of a document's body. */
export interface Passage {
  readonly id: ChunkId;
  readonly ordinal: number;
  readonly text: string;
  /** Title and headings above the passage. */
  readonly context: string;
  /** UTF-16 offsets in the document's body; end is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Passages of the documents that are asked for, by what each half says of them. */
type PassageTables = SearchTables & {
  passage: { id: ChunkId; document_id: DocumentId; ordinal: number; language: string; terms: string };
};

interface PassageDistance {
  id: ChunkId;
  document_id: DocumentId;
  ordinal: number;
  distance: number;
}

const db = sqlBuilder.withTables<PassageTables>();

/**
 * The best passages of each document, as the search ranks them: those of a document among each other, by the halves that it
 * has, and only those that satisfy its conditions. What neither half ranks, without a vector and without a word of
 * the query, comes last, in the order of the text.
 */
export function passagesStatement(
  tenantId: TenantId,
  plan: SearchPlan,
  documentIds: readonly DocumentId[],
  limit: number,
) {
  const ranked = withRanking(tenantId, plan, documentIds)
    .selectFrom('passage')
    .leftJoin('fused', 'fused.chunk_id', 'passage.id')
    .select([
      'passage.id',
      sql<number>`row_number() over (
        partition by passage.document_id order by fused.score desc nulls last, passage.ordinal)`.as('rank'),
    ]);
  return sqlBuilder
    .selectFrom(ranked.as('ranked'))
    .innerJoin('chunks', 'chunks.id', 'ranked.id')
    .select([
      sql.ref<ChunkId>('chunks.id').as('id'),
      sql.ref<DocumentId>('chunks.document_id').as('documentId'),
      'chunks.ordinal',
      'chunks.text',
      'chunks.context',
      'chunks.start_offset as start',
      'chunks.end_offset as end',
    ])
    .where('chunks.tenant_id', '=', tenantId)
    .where('ranked.rank', '<=', limit)
    .orderBy('documentId')
    .orderBy('ranked.rank');
}

/** The stages `passage` and `fused`, with whatever the second is made of. */
function withRanking(tenantId: TenantId, plan: SearchPlan, documentIds: readonly DocumentId[]) {
  const { semantic, keyword, conditions } = plan;
  const passages = sqlBuilder
    .selectFrom('chunks')
    .select(['chunks.id', 'chunks.document_id', 'chunks.ordinal', 'chunks.language', 'chunks.terms'])
    .where('chunks.tenant_id', '=', tenantId)
    .where('chunks.document_id', '=', sql<string>`any(${documentIds}::uuid[])`)
    .$if(conditions !== undefined, (query) => query.where(satisfies({ conditions: conditions as string })));
  const stages: [keyof PassageTables, unknown][] = [['passage', passages]];
  // As in the search itself: the vector of a stored document is read where it is used.
  if (semantic) stages.push(...exampleStages(tenantId, semantic), ['semantic', byMeaning(tenantId, semantic)]);
  if (keyword) stages.push(['query', queryStage({ ...keyword, scan: { kind: 'exact' } })], ['keyword', byWords()]);
  stages.push([
    'fused',
    semantic && keyword ? fusionStage(plan.fusion) : semantic ? semanticOnlyStage() : keywordOnlyStage(),
  ]);
  let named: QueryCreator<Schema & PassageTables> = db;
  for (const [name, stage] of stages) named = withStage(named, name, stage);
  return named;
}

/** By the nearest of its vectors, of which a passage has several while it is embedded anew. */
function byMeaning(tenantId: TenantId, { modelId, full }: SemanticPlan) {
  const nearest = sqlBuilder
    .selectFrom('embeddings')
    .select(sql<number | null>`min(embeddings.full_vector <#> ${full}::vector)`.as('distance'))
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', modelId)
    .where(sql<boolean>`embeddings.chunk_id = passage.id`);
  const distances = db
    .selectFrom('passage')
    .innerJoinLateral(nearest.as('nearest'), (join) => join.onTrue())
    .select(['passage.id', 'passage.document_id', 'passage.ordinal', 'nearest.distance'])
    .where('nearest.distance', 'is not', null);
  return rankInDocuments(distances as never);
}

function byWords() {
  const distances = db
    .selectFrom('passage')
    .innerJoin('query', 'query.language', 'passage.language')
    .select([
      'passage.id',
      'passage.document_id',
      'passage.ordinal',
      sql<number>`(passage.terms <#> query.terms) * query.scale`.as('distance'),
    ])
    .where(sql<boolean>`(passage.terms <#> query.terms) < 0`);
  return rankInDocuments(distances as never);
}

/** Places of passages in their document, so that one document's order does not depend on what else is asked for. */
function rankInDocuments(distances: SelectQueryBuilder<never, never, PassageDistance>) {
  return sqlBuilder
    .selectFrom(distances.as('distances'))
    .select([
      'id as item_id',
      'document_id',
      'id as chunk_id',
      sql<number>`-distance`.as('score'),
      sql<number>`row_number() over (partition by document_id order by distance, ordinal)`.as('rank'),
    ]);
}
