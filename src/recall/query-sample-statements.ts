import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';

/** A query as it was given to the model, with the number that it drew. */
export interface DrawnQuery {
  /** 0 up to and not including 1. */
  readonly draw: number;
  readonly mode: 'HYBRID' | 'SEMANTIC';
  readonly text: string;
}

/** What a query has to draw to be kept. */
export interface SampleBound {
  /** The largest number of those that are kept; null while there is room. */
  readonly mostDraw: number | null;
}

/**
 * Puts queries into a tenant's sample, of which the `size` with the smallest numbers stay. What is inserted is not seen by the
 * same statement, so what may stay is reckoned from both before anything is written.
 */
export function keepQueriesStatement(
  tenantId: TenantId,
  queries: readonly DrawnQuery[],
  size: number,
): Statement<SampleBound> {
  const offered = sql<{ draw: number; mode: string; text: string }>`unnest(
    ${queries.map(({ draw }) => draw)}::float8[], ${queries.map(({ mode }) => mode)}::text[], ${queries.map(({ text }) => text)}::text[])`;
  return sqlBuilder
    .with(
      (cte) => cte('offered').materialized(),
      (db) => db.selectFrom(offered.as<'o'>(sql`o (draw, mode, text)`)).select(['o.draw', 'o.mode', 'o.text']),
    )
    .with(
      (cte) => cte('bound').materialized(),
      (db) =>
        db
          .selectFrom(
            db
              .selectFrom('query_samples')
              .select('draw')
              .where('tenant_id', '=', tenantId)
              .unionAll(db.selectFrom('offered').select('offered.draw'))
              .as('drawn'),
          )
          .select('drawn.draw')
          .orderBy('drawn.draw')
          .limit(1)
          .offset(size - 1),
    )
    .with('dropped', (db) =>
      db
        .deleteFrom('query_samples')
        .where('tenant_id', '=', tenantId)
        .where('draw', '>', sql<number>`(select draw from bound)`),
    )
    .with('added', (db) =>
      db
        .insertInto('query_samples')
        .columns(['tenant_id', 'draw', 'mode', 'text'])
        .expression(
          db
            .selectFrom('offered')
            .select([sql.val<string>(tenantId).as('tenant_id'), 'offered.draw', 'offered.mode', 'offered.text'])
            .where('offered.draw', '<=', sql<number>`coalesce((select draw from bound), 1)`),
        )
        .onConflict((conflict) => conflict.doNothing()),
    )
    .selectNoFrom(sql<number | null>`(select draw from bound)`.as('mostDraw'));
}

/** Queries of a tenant's sample, picked at random, the same ones for the same seed, and how many there are. */
export function sampledQueriesStatement(tenantId: TenantId, size: number, seed: number) {
  return sqlBuilder
    .selectFrom('query_samples')
    .select(['text', sql<number>`count(*) over ()::integer`.as('kept')])
    .where('tenant_id', '=', tenantId)
    .orderBy(sql`md5(draw::text || ${String(seed)}::text)`)
    .limit(size);
}
