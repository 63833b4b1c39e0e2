import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import type { SearchPlan, SemanticPlan } from './search-plan.ts';
import { type searchStatement, selectHits, withStages } from './search-statement.ts';
import type { Reached, SearchTables } from './search-tables.ts';
import { isByActiveModel } from './semantic-stages.ts';

/** A hit as the database returns it. */
export type HitRow = ReturnType<typeof searchStatement> extends Statement<infer Row> ? Row : never;

/** Columns of a hit, all of them. */
const hitColumns = Object.keys({
  id: true,
  collection: true,
  externalId: true,
  title: true,
  url: true,
  metadata: true,
  status: true,
  language: true,
  version: true,
  createdAt: true,
  updatedAt: true,
  expiresAt: true,
  itemId: true,
  score: true,
  vectorScore: true,
  keywordScore: true,
  chunkId: true,
  ordinal: true,
  context: true,
  text: true,
  startOffset: true,
  endOffset: true,
  embeddedAt: true,
  hasStandIn: true,
  vector: true,
} satisfies Record<keyof HitRow, true>) as (keyof HitRow)[];

/** A hit with what the search reports; all of the hit is null where there is none. */
export type ReportedRow = Reached & { readonly [Column in keyof HitRow]: HitRow[Column] | null };

/** The same search, which also says how much each half had to choose from: in one row at least, be it without a hit. */
export function reportedSearchStatement(tenantId: TenantId, plan: SearchPlan): Statement<ReportedRow> {
  const hits = selectHits(sqlBuilder.withTables<SearchTables>(), tenantId, plan);
  const { semantic } = plan;
  return withStages(tenantId, plan)
    .with('reached', () => reachedStage(plan) as never)
    .selectFrom('reached')
    .leftJoin(hits.as('hits'), (join) => join.onTrue())
    .select(hitColumns.map((column) => sql.ref(`hits.${column}`).as(column)))
    .select([
      'reached.candidates',
      'reached.keywordChunks',
      'reached.permitted',
      'reached.cutByScore',
      'reached.exampleFound',
    ])
    .$if(semantic !== undefined, (query) => query.where(isByActiveModel(semantic as SemanticPlan)))
    .orderBy(sql`hits.score`, (order) => order.desc().nullsLast())
    .orderBy(sql`hits."itemId"`, 'desc') as Statement<unknown> as Statement<ReportedRow>;
}

function reachedStage({ semantic, keyword, recency, minScore }: SearchPlan) {
  const { depth } = semantic ?? {};
  const isCounted = depth?.kind === 'two-stage' && depth.stageOne?.kind === 'counted';
  const nothing = sql<number | null>`null::integer`;
  return sqlBuilder.selectNoFrom([
    (depth?.kind === 'two-stage' ? sql<number>`(select count(*)::integer from candidates)` : nothing).as('candidates'),
    // The best chunks may be none at all, and are then ones without any of the words.
    (keyword ? sql<number>`(select count(*)::integer from keyword_chunks where distance < 0)` : nothing).as(
      'keywordChunks',
    ),
    (isCounted ? sql<number>`(select permitted from counted)` : nothing).as('permitted'),
    (minScore === undefined
      ? sql<boolean | null>`null::boolean`
      : sql<boolean | null>`exists (select from ${sql.table(recency ? 'aged' : 'fused')} where score < ${minScore})`
    ).as('cutByScore'),
    sql<boolean | null>`${semantic?.example ? sql`exists (select from example)` : sql`null::boolean`}`.as(
      'exampleFound',
    ),
  ]);
}

/** Tells the hits of a reported search from what it reports. */
export function readReported(rows: readonly ReportedRow[]): { rows: HitRow[]; reached: Reached } {
  const [first] = rows;
  if (!first) throw new Error('A search reported nothing.');
  const { candidates, keywordChunks, permitted, cutByScore, exampleFound } = first;
  return {
    rows: rows.filter((row): row is HitRow & Reached => row.id !== null),
    reached: { candidates, keywordChunks, permitted, cutByScore, exampleFound },
  };
}
