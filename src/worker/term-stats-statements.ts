import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';

/**
 * A language of a tenant's chunks: how many there are, how many there were when terms were last counted, and how many
 * came since. Null for a language that was never counted.
 */
export function corpusSizesStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('chunks')
    .select((eb) => {
      const recorded = eb
        .selectFrom('corpus_stats')
        .where('corpus_stats.tenant_id', '=', tenantId)
        .whereRef('corpus_stats.language', '=', 'chunks.language');
      return [
        'language',
        sql<number>`count(*)::int`.as('chunks'),
        recorded.select('corpus_stats.chunks').as('counted'),
        recorded.select('corpus_stats.written').as('written'),
      ];
    })
    .where('tenant_id', '=', tenantId)
    .groupBy('language');
}

/**
 * Counts anew in how many chunks each term occurs. Rows whose count is what it was are not touched, and terms that no
 * chunk holds any more are removed.
 */
export function countTermsStatement(tenantId: TenantId, language: string): Statement<unknown> {
  return sqlBuilder
    .with('counted', (db) =>
      db
        .selectFrom('chunks')
        .innerJoinLateral(sql<{ lexeme: string }>`unnest(chunks.tsv)`.as<'l'>(sql`l (lexeme)`), (join) => join.onTrue())
        .select([sql<number>`tessera.term_id(l.lexeme)`.as('term'), sql<number>`count(*)::int`.as('chunks')])
        .where('chunks.tenant_id', '=', tenantId)
        .where('chunks.language', '=', language)
        .groupBy(sql`tessera.term_id(l.lexeme)`),
    )
    .with('gone', (db) =>
      db
        .deleteFrom('term_stats')
        .where('term_stats.tenant_id', '=', tenantId)
        .where('term_stats.language', '=', language)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('counted').select('counted.term').whereRef('counted.term', '=', 'term_stats.term'))),
        ),
    )
    .insertInto('term_stats')
    .columns(['tenant_id', 'language', 'term', 'chunks'])
    .expression((eb) =>
      eb
        .selectFrom('counted')
        .select([sql<string>`${tenantId}`.as('tenant_id'), sql<string>`${language}`.as('language'), 'term', 'chunks']),
    )
    .onConflict((oc) =>
      oc
        .columns(['tenant_id', 'language', 'term'])
        .doUpdateSet((eb) => ({ chunks: eb.ref('excluded.chunks') }))
        .whereRef('term_stats.chunks', '<>', 'excluded.chunks'),
    );
}

/** Notes that chunks came, in the transaction that writes their vectors. */
export function noteWrittenStatement(tenantId: TenantId, chunks: number): Statement<unknown> {
  return sqlBuilder
    .updateTable('corpus_stats')
    .set({ written: sql<number>`written + ${chunks}` })
    .where('tenant_id', '=', tenantId);
}

/** @param seen chunks that had come by then: others may have come while the terms were counted. */
export function recordCorpusStatement(
  tenantId: TenantId,
  language: string,
  chunks: number,
  seen: number,
): Statement<unknown> {
  return sqlBuilder
    .insertInto('corpus_stats')
    .values({ tenant_id: tenantId, language, chunks })
    .onConflict((oc) =>
      oc
        .columns(['tenant_id', 'language'])
        .doUpdateSet({ chunks, counted_at: sql<Date>`now()`, written: sql<number>`corpus_stats.written - ${seen}` }),
    );
}
