import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { FusionWeights } from '../embed/embedder.ts';
import type { ChunkId, DocumentId } from '../ids.ts';
import type { SearchTables } from './search-tables.ts';

/** Which rows of the ranking are asked for. */
export interface Page {
  readonly minScore?: number | undefined;
  /** Last row of the page before. */
  readonly after?: { readonly score: number; readonly documentId: DocumentId } | undefined;
  readonly limit: number;
}

/** Rank constant of reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009. */
const rankConstant = 60;

/**
 * How steeply a keyword vote fades with what the document lacks of the query. Measured on two public retrieval sets and on
 * paraphrases: docs/decisions/0005-fusion.md.
 */
const coverageExponent = 3;

/**
 * Weighted reciprocal rank fusion of both halves, scaled so that a document that is first in both, with every word of the
 * query, scores 1.
 *
 * A document's keyword vote counts by how much of the query it covers: its BM25 score over what a text with every word
 * would weigh, 1 at most, cubed. Otherwise a paraphrase, which shares hardly a word with its answer, would lose to any
 * document that happens to hold one common word of the question.
 */
export function fusionStage(weights: FusionWeights) {
  const db = sqlBuilder.withTables<SearchTables>();
  const largest = (weights.keyword + weights.semantic) / (rankConstant + 1);
  const keywordVote = sql<number>`coalesce(
    ${sql.lit(weights.keyword)} * power(least(1, k.score / nullif((select weight from query), 0)), ${sql.lit(coverageExponent)}) / (${sql.lit(rankConstant)} + k.rank), 0)`;
  const semanticVote = sql<number>`coalesce(${sql.lit(weights.semantic)}::float8 / (${sql.lit(rankConstant)} + s.rank), 0)`;
  return db
    .selectFrom('semantic as s')
    .fullJoin('keyword as k', 'k.document_id', 's.document_id')
    .select([
      sql<DocumentId>`coalesce(s.document_id, k.document_id)`.as('document_id'),
      sql<ChunkId>`case when ${keywordVote} > ${semanticVote} then k.chunk_id else s.chunk_id end`.as('chunk_id'),
      sql<number>`(${keywordVote} + ${semanticVote}) / ${sql.lit(largest)}`.as('score'),
      's.score as vector_score',
      'k.score as keyword_score',
    ]);
}

/** A pure mode: the half's own score. */
export function semanticOnlyStage() {
  return sqlBuilder
    .withTables<SearchTables>()
    .selectFrom('semantic')
    .select([
      'document_id',
      'chunk_id',
      'score',
      'score as vector_score',
      sql<number | null>`null::float8`.as('keyword_score'),
    ]);
}

/** A pure mode: the half's own score. */
export function keywordOnlyStage() {
  return sqlBuilder
    .withTables<SearchTables>()
    .selectFrom('keyword')
    .select([
      'document_id',
      'chunk_id',
      'score',
      sql<number | null>`null::float8`.as('vector_score'),
      'score as keyword_score',
    ]);
}

/** The rows of one page, before anything is read for them: what ranks behind the last row of the page before. */
export function pageStage({ after, minScore, limit }: Page) {
  return sqlBuilder
    .withTables<SearchTables>()
    .selectFrom('fused')
    .select(['document_id', 'chunk_id', 'score', 'vector_score', 'keyword_score'])
    .$if(minScore !== undefined, (query) => query.where('score', '>=', minScore as number))
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(score, document_id) < (${after?.score}::float8, ${after?.documentId}::uuid)`),
    )
    .orderBy('score', 'desc')
    .orderBy('document_id', 'desc')
    .limit(limit);
}
