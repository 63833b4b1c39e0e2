import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import type { WordTarget } from './index-kind.ts';

/**
 * Every tenant's languages, by the numbers that the worker counted last, which are within 5 %: reading the covering index
 * of all chunks for them would be reading all that it holds. Largest first.
 */
export function wordStatesStatement() {
  return sqlBuilder
    .selectFrom('corpus_stats')
    .select([
      sql.ref<TenantId>('tenant_id').as('tenantId'),
      'language',
      'chunks',
      sql<boolean>`word_index is not null`.as('isRecorded'),
    ])
    .orderBy('chunks', 'desc')
    .orderBy('tenant_id')
    .orderBy('language');
}

/** Tells searches whether there is a word index from now on. */
export function recordWordIndexStatement({ tenantId, language }: WordTarget, index: string | null): Statement<unknown> {
  return sqlBuilder
    .updateTable('corpus_stats')
    .set({ word_index: index, word_index_changed_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('language', '=', language);
}
