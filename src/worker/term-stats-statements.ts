import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';

/** A language of a tenant's chunks: how many there are, and how many there were when terms were last counted. */
export function corpusSizesStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('chunks')
    .select((eb) => [
      'language',
      sql<number>`count(*)::int`.as('chunks'),
      eb
        .selectFrom('corpus_stats')
        .select('corpus_stats.chunks')
        .where('corpus_stats.tenant_id', '=', tenantId)
        .whereRef('corpus_stats.language', '=', 'chunks.language')
        .as('counted'),
    ])
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

export function recordCorpusStatement(tenantId: TenantId, language: string, chunks: number): Statement<unknown> {
  return sqlBuilder
    .insertInto('corpus_stats')
    .values({ tenant_id: tenantId, language, chunks })
    .onConflict((oc) => oc.columns(['tenant_id', 'language']).doUpdateSet({ chunks, counted_at: sql<Date>`now()` }));
}
