import { type SelectQueryBuilder, sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, DocumentId } from '../ids.ts';
import type { GroupBy } from './search-input.ts';

/** A chunk with its distance, lower is better. */
interface Passage {
  document_id: DocumentId;
  chunk_id: ChunkId;
  distance: number;
}

/**
 * The best passage of each item, ranked by distance; ties by id, so that the order is always the same. A passage comes several
 * times while vectors of the text before an edit stand in for its own.
 */
// biome-ignore lint/suspicious/noExplicitAny: the schema of the statement that the passages come from makes no difference.
export function rankPassages(passages: SelectQueryBuilder<any, any, Passage>, groupBy: GroupBy) {
  const item = groupBy === 'DOCUMENT' ? 'document_id' : 'chunk_id';
  const best = sqlBuilder
    .selectFrom(passages.as('passage'))
    .distinctOn(item)
    .orderBy(item)
    .orderBy('distance')
    .select(['document_id', 'chunk_id', 'distance']);
  return sqlBuilder
    .selectFrom(best.as('best'))
    .select([
      sql.ref<string>(item).as('item_id'),
      'document_id',
      'chunk_id',
      sql<number>`-distance`.as('score'),
      sql<number>`row_number() over (order by distance, chunk_id)`.as('rank'),
    ]);
}
