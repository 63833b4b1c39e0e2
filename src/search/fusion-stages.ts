import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import type { FusionPlan, SearchPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';

/**
 * How steeply a keyword vote fades with what the document lacks of the query. Measured on two public retrieval sets and on
 * paraphrases: docs/decisions/0005-fusion.md.
 */
const coverageExponent = 3;

const db = sqlBuilder.withTables<SearchTables>();

/** Both halves as one ranking, with scores from 0 to 1. The passage is the one of the half that counted for more. */
export function fusionStage(plan: FusionPlan) {
  const { keyword, semantic, largest } = plan.method === 'RECIPROCAL_RANK' ? rankVotes(plan) : scoreVotes(plan);
  return db
    .selectFrom('semantic as s')
    .fullJoin('keyword as k', 'k.item_id', 's.item_id')
    .select([
      sql<string>`coalesce(s.item_id, k.item_id)`.as('item_id'),
      sql<DocumentId>`coalesce(s.document_id, k.document_id)`.as('document_id'),
      sql<ChunkId>`case when ${keyword} > ${semantic} then k.chunk_id else s.chunk_id end`.as('chunk_id'),
      sql<number>`(${keyword} + ${semantic}) / ${sql.lit(largest)}`.as('score'),
      's.score as vector_score',
      'k.score as keyword_score',
    ]);
}

/**
 * Weighted reciprocal rank fusion, scaled so that an item that is first in both, with every word of the query, scores 1.
 *
 * A keyword vote counts by how much of the query the item covers: its BM25 score over what a text with every word would
 * weigh, 1 at most, cubed. Otherwise a paraphrase, which shares hardly a word with its answer, would lose to any document
 * that happens to hold one common word of the question.
 */
function rankVotes({ keywordWeight, semanticWeight, rankConstant }: FusionPlan) {
  const coverage = sql`power(least(1, k.score / nullif((select max(weight) from query), 0)), ${sql.lit(coverageExponent)})`;
  return {
    keyword: sql<number>`coalesce(${sql.lit(keywordWeight)} * ${coverage} / (${sql.lit(rankConstant)} + k.rank), 0)`,
    semantic: sql<number>`coalesce(${sql.lit(semanticWeight)}::float8 / (${sql.lit(rankConstant)} + s.rank), 0)`,
    largest: (keywordWeight + semanticWeight) / (rankConstant + 1),
  };
}

/**
 * Relative score fusion: each half's scores from 0 (its last) to 1 (its best), weighted; where all are alike, all are its best.
 * BM25 begins at 0 by nature.
 */
function scoreVotes({ keywordWeight, semanticWeight }: FusionPlan) {
  const least = sql`(select min(score) from semantic)`;
  const best = sql`(select max(score) from semantic)`;
  return {
    keyword: sql<number>`coalesce(${sql.lit(keywordWeight)} * k.score / (select max(score) from keyword), 0)`,
    semantic: sql<number>`case when s.score is null then 0
      else ${sql.lit(semanticWeight)} * coalesce((s.score - ${least}) / nullif(${best} - ${least}, 0), 1) end`,
    largest: keywordWeight + semanticWeight,
  };
}

/** A pure mode: the half's own score. */
export function semanticOnlyStage() {
  return db
    .selectFrom('semantic')
    .select(['item_id', 'document_id', 'chunk_id', 'score', 'score as vector_score', nothing.as('keyword_score')]);
}

/** A pure mode: the half's own score. */
export function keywordOnlyStage() {
  return db
    .selectFrom('keyword')
    .select(['item_id', 'document_id', 'chunk_id', 'score', nothing.as('vector_score'), 'score as keyword_score']);
}

const nothing = sql<number | null>`null::float8`;

/** Fades scores with the age of their documents: by half of the weighted share in each half-life. */
export function ageStage(tenantId: TenantId, { halfLifeDays, weight }: NonNullable<SearchPlan['recency']>) {
  const ageDays = sql<number>`greatest(0, extract(epoch from now() - documents.updated_at) / 86400)`;
  const faded = sql<number>`1 - ${weight}::float8 + ${weight}::float8 * power(0.5, ${ageDays} / ${halfLifeDays}::float8)`;
  return db
    .selectFrom('fused')
    .innerJoin('documents', 'documents.id', 'fused.document_id')
    .select([
      'fused.item_id',
      'fused.document_id',
      'fused.chunk_id',
      // A score below 0 has nothing to lose.
      sql<number>`case when fused.score > 0 then fused.score * (${faded}) else fused.score end`.as('score'),
      'fused.vector_score',
      'fused.keyword_score',
    ])
    .where('documents.tenant_id', '=', tenantId);
}

/**
 * The rows of one page, before anything is read for them: the best that no earlier page had. What comes or goes in between
 * moves others up or down, but repeats and hides none.
 *
 * A document that has just been deleted or has just expired may still have passages, and must not take the place of another:
 * each is looked up under the policy, from the best on, until the page is full. That is why the order is made before.
 */
export function pageStage(tenantId: TenantId, { seen, minScore, limit, recency }: SearchPlan) {
  const ranked = db
    .selectFrom(recency ? 'aged' : 'fused')
    .select(['item_id', 'document_id', 'chunk_id', 'score', 'vector_score', 'keyword_score'])
    .$if(minScore !== undefined, (query) => query.where('score', '>=', minScore as number))
    .$if(seen.length > 0, (query) => query.where(sql<boolean>`right(item_id::text, 12) <> all(${seen}::text[])`))
    .orderBy('score', 'desc')
    .orderBy('item_id', 'desc')
    .offset(sql.lit(0));
  const isSeen = sql<boolean>`(select true from documents
    where documents.tenant_id = ${tenantId} and documents.id = ranked.document_id)`;
  return db
    .selectFrom(ranked.as('ranked'))
    .select(['item_id', 'document_id', 'chunk_id', 'score', 'vector_score', 'keyword_score'])
    .where(isSeen)
    .limit(limit);
}
