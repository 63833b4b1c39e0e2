import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { ChunkId, TenantId } from '../ids.ts';
import {
  type DocumentSelection,
  isPermitted,
  matchingChunks,
  selectedDocuments,
  selectsAll,
  type TextConditions,
} from './document-selection.ts';
import { besidesExample } from './example-stage.ts';
import type { ExampleId } from './search-input.ts';
import type { SemanticPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';
import { coarseDistance, unindexedDistance } from './semantic-stages.ts';

/**
 * Stage one of a filtered search where there is a graph. A graph cannot skip what a filter excludes: it walks past it at
 * some 10 microseconds a chunk, so that a selective filter makes it slow and then makes it stop. Looking at the permitted
 * chunks one by one costs a fifth of that a chunk and misses none. So they are counted first, but no further than a budget,
 * and the count decides which of the two is run; the other is not even begun.
 *
 * Everything is counted under row-level security, so what a policy hides is never counted. Where access lists are all that
 * excludes anything, the permitted chunks are a part of the covering index and need not be looked up.
 *
 * @returns the named stages, in their order; the last is `candidates`.
 */
export function countedStages(
  tenantId: TenantId,
  plan: SemanticPlan,
  { candidates, permittedBudget }: { readonly candidates: number; readonly permittedBudget: number },
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
): [keyof SearchTables, unknown][] {
  const byDocument = !selectsAll(selection);
  const where: Filter = { tenantId, plan, selection, byDocument, byWords: conditions !== undefined };
  return [
    ...(byDocument ? [['selected', selectedDocuments(tenantId, selection)] as [keyof SearchTables, unknown]] : []),
    ...(conditions ? [['matching', matchingStage(conditions)] as [keyof SearchTables, unknown]] : []),
    ['permitted', permittedStage(where, permittedBudget)],
    ['counted', countedStage()],
    ['candidates', eitherStage(where, candidates, permittedBudget)],
  ];
}

interface Filter {
  readonly tenantId: TenantId;
  readonly plan: SemanticPlan;
  readonly selection: DocumentSelection;
  /** Whether the stage `selected` is there. */
  readonly byDocument: boolean;
  /** Whether the stage `matching` is there. */
  readonly byWords: boolean;
}

const db = sqlBuilder.withTables<SearchTables>();

/** The stage `matching`. */
export function matchingStage(conditions: TextConditions) {
  return sqlBuilder
    .selectFrom(matchingChunks(conditions).as<'m'>(sql`m (chunk_id)`))
    .select(sql.ref<ChunkId>('m.chunk_id').as('chunk_id'));
}

/**
 * Permitted chunks, found from what the filter selects and not by reading every vector: the `offset` keeps the planner from
 * turning the look-ups into one scan of the whole covering index, which it prefers as soon as it overestimates a filter.
 */
function permittedStage(filter: Filter, permittedBudget: number) {
  const { byDocument, byWords } = filter;
  const chunks = embeddingsOf(filter).select([
    sql.ref<ChunkId>('chunk_id').as('chunk_id'),
    unindexedDistance(filter.plan).as('distance'),
  ]);
  if (!byDocument && !byWords) return chunks.where(isPermitted('embeddings.audience')).limit(permittedBudget + 1);
  const each = chunks
    .where(
      byDocument
        ? sql<boolean>`embeddings.document_id = selected.id`
        : sql<boolean>`embeddings.chunk_id = matching.chunk_id`,
    )
    .$if(byDocument && byWords, (query) => query.where(isMatching('embeddings.chunk_id')))
    .offset(sql.lit(0));
  return db
    .selectFrom(byDocument ? 'selected' : 'matching')
    .innerJoinLateral(each.as('each'), (join) => join.onTrue())
    .select(['each.chunk_id', 'each.distance'])
    .limit(permittedBudget + 1);
}

function countedStage() {
  return db.selectFrom('permitted').select(sql<number>`count(*)::integer`.as('permitted'));
}

/** Whichever is not wanted is not run: its condition is the same for every row. */
function eitherStage(filter: Filter, candidates: number, permittedBudget: number) {
  const { tenantId, plan, selection, byDocument, byWords } = filter;
  const oneByOne = db
    .selectFrom('permitted')
    .select('chunk_id')
    .where(sql<boolean>`(select permitted from counted) <= ${permittedBudget}`)
    .orderBy('distance')
    .limit(candidates);
  const byGraph = embeddingsOf(filter)
    .select(sql.ref<ChunkId>('chunk_id').as('chunk_id'))
    .where(sql<boolean>`(select permitted from counted) > ${permittedBudget}`)
    .$if(byDocument, (query) => query.where(isSelected(tenantId, selection)))
    .$if(byWords, (query) => query.where(isMatching('embeddings.chunk_id')))
    .orderBy(coarseDistance(plan))
    .limit(candidates);
  return sqlBuilder
    .selectFrom(
      sqlBuilder
        .selectFrom(oneByOne.as('one_by_one'))
        .select('chunk_id')
        .unionAll(sqlBuilder.selectFrom(byGraph.as('by_graph')).select('chunk_id'))
        .as('either'),
    )
    .select('chunk_id');
}

function embeddingsOf({ tenantId, plan, selection }: Filter) {
  return sqlBuilder
    .selectFrom('embeddings')
    .where('embeddings.tenant_id', '=', tenantId)
    .where('embeddings.model_id', '=', plan.modelId)
    .$if(plan.example !== undefined, (select) => select.where(besidesExample(plan.example as ExampleId)))
    .$if(selection.exceptChunks.length > 0, (select) =>
      select.where('embeddings.chunk_id', '<>', sql<string>`all(${selection.exceptChunks}::uuid[])`),
    );
}

/** A look-up by primary key for each chunk that the graph comes by: as a join it would be the planner's to turn round. */
function isSelected(tenantId: TenantId, selection: DocumentSelection) {
  const document = selectedDocuments(tenantId, selection)
    .clearSelect()
    .select(sql<boolean>`true`.as('selected'))
    .where(sql<boolean>`documents.id = embeddings.document_id`);
  return sql<boolean>`(${document})`;
}

/** `is true` makes it a look-up in a hash table, which leaves the order of the chunks alone; a join might not. */
export function isMatching(chunkId: 'embeddings.chunk_id' | 'chunks.id') {
  return sql<boolean>`(${sql.ref(chunkId)} in (select chunk_id from matching)) is true`;
}
