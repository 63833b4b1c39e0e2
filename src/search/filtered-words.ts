import { type RawBuilder, sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import {
  type DocumentSelection,
  isPermitted,
  permitsAll,
  selectedDocuments,
  selectsAll,
  type TextConditions,
} from './document-selection.ts';
import { isMatching, matchingStage } from './filtered-stages.ts';
import { bestOfEach, bestWithRarest, permittedChunks } from './permitted-words.ts';
import type { KeywordPlan, KeywordScan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';

/**
 * The chunks that the keyword half of a filtered search passes on where the tenant has a word index. The rarest words are those
 * of the tenant: among a filter's few documents they may be in none, and documents that have the others would have no vote.
 * At 100,000 chunks and a filter that permits 0.5 % that was a fifth of the first ten and four fifths of the first hundred.
 *
 * So permitted chunks are counted first, and scored while they are, up to a quarter of what is scored at most in any search.
 * Those within it are all that there are. Beyond it the index is asked, and where it finds fewer permitted chunks than are wanted,
 * every permitted one is scored after all, unless the index was asked for each word of the query. What is not wanted is not begun.
 *
 * @returns the named stages, in their order; the last is `keyword_chunks`.
 */
export function filteredWordStages(
  tenantId: TenantId,
  plan: KeywordPlan & { readonly scan: Extract<KeywordScan, { kind: 'rarest' }> },
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
): [keyof SearchTables, unknown][] {
  const permitted = permittedChunks(tenantId, selection, conditions);
  const budget = Math.round(plan.scan.rowBudget / permittedShare);
  return [
    ...(selectsAll(selection)
      ? []
      : [['selected', selectedDocuments(tenantId, selection)] as [keyof SearchTables, unknown]]),
    ...(conditions ? [['matching', matchingStage(conditions)] as [keyof SearchTables, unknown]] : []),
    ['scored', scoredStage(tenantId, selection, conditions, budget)],
    ['scored_count', db.selectFrom('scored').select(sql<number>`count(*)::integer`.as('chunks'))],
    [
      'rarest_chunks',
      rarestStage(permitted, plan, isBeyond(budget), permitsAll({ ...selection, hasAccessLists: false }, conditions)),
    ],
    ['keyword_chunks', chosenStage(permitted, plan, isBeyond(budget))],
  ];
}

/**
 * A chunk that is looked up by itself costs some ten times as much as one that is read from the covering index, so that a count
 * that ends with too many has cost as much as a quarter of a scan of 100,000.
 */
const permittedShare = 4;

const db = sqlBuilder.withTables<SearchTables>();

/** Whether there are too many to score each: the same for every row, so that a branch is run or not. */
function isBeyond(budget: number) {
  return sql<boolean>`(select chunks from scored_count) > ${budget}`;
}

/**
 * Permitted chunks with their distance, found from what the filter selects: the `offset` keeps the planner from reading every
 * chunk of the tenant for it. Where access lists alone exclude anything they are a part of the covering index.
 */
function scoredStage(
  tenantId: TenantId,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
  budget: number,
) {
  const byDocument = !selectsAll(selection);
  const each = db
    .selectFrom('chunks')
    .innerJoin('query', 'query.language', 'chunks.language')
    .select([
      sql.ref<DocumentId>('chunks.document_id').as('document_id'),
      sql.ref<ChunkId>('chunks.id').as('chunk_id'),
      sql<number>`(chunks.terms <#> query.terms) * query.scale`.as('distance'),
    ])
    .where('chunks.tenant_id', '=', tenantId);
  if (!byDocument && !conditions) {
    return each.where(isPermitted('chunks.audience')).limit(budget + 1);
  }
  const found = each
    .where(byDocument ? sql<boolean>`chunks.document_id = selected.id` : sql<boolean>`chunks.id = matching.chunk_id`)
    .$if(byDocument && conditions !== undefined, (query) => query.where(isMatching('chunks.id')))
    .offset(sql.lit(0));
  return db
    .selectFrom(byDocument ? 'selected' : 'matching')
    .innerJoinLateral(found.as('found'), (join) => join.onTrue())
    .select(['found.document_id', 'found.chunk_id', 'found.distance'])
    .limit(budget + 1);
}

/** @param byListsAlone whether nothing but access lists excludes anything. */
function rarestStage(
  permitted: ReturnType<typeof permittedChunks>,
  plan: KeywordPlan,
  isMany: RawBuilder<boolean>,
  byListsAlone: boolean,
) {
  const matching = sql<ChunkId>`(select keyword_matches(query.language, query.rarest))`;
  const found = byListsAlone ? bestWithRarest(plan.candidates) : matching;
  return bestOfEach(permitted.where('chunks.id', 'in', found as never), plan)
    .select('query.language')
    .where('query.rarest', 'is not', null)
    .where(isMany);
}

function chosenStage(permitted: ReturnType<typeof permittedChunks>, plan: KeywordPlan, isMany: RawBuilder<boolean>) {
  const { candidates, words } = plan;
  const oneByOne = db
    .selectFrom('scored')
    .select(['document_id', 'chunk_id', 'distance'])
    .where(sql<boolean>`not ${isMany}`)
    .orderBy('distance')
    .limit(candidates);
  const byIndex = db.selectFrom('rarest_chunks').select(['document_id', 'chunk_id', 'distance']);
  const found = sql`(select count(*) from rarest_chunks where rarest_chunks.language = query.language)`;
  // An `or` of as many words as the query has.
  const hasEachWord = sql`numnode(query.rarest) = 2 * length(lexemes(query.language, ${words})) - 1 and strpos(query.rarest::text, '&') = 0`;
  const every = bestOfEach(permitted, plan)
    .where(isMany)
    .where(sql<boolean>`(query.rarest is null or (${found} < ${candidates} and not (${hasEachWord})))`);
  return db
    .selectFrom(db.selectFrom(oneByOne.as('one_by_one')).selectAll().union(byIndex).union(every).as('either'))
    .select(['document_id', 'chunk_id', 'distance']);
}
