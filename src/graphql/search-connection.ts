import type { StageReport } from '../search/explain-search.ts';
import type { DepthReport } from '../search/run-search.ts';
import type { ExplainedSearch, SearchAnswer } from '../search/search.ts';
import type { KeywordScan } from '../search/search-plan.ts';
import type { UnderfilledReason } from '../search/search-reach.ts';
import { builder } from './builder.ts';
import { priced } from './price.ts';
import { SearchEdge } from './search-hit.ts';
import { SearchModeEnum } from './search-inputs.ts';
import { tagged } from './tags.ts';

const Recall = builder.objectRef<DepthReport>('Recall').implement({
  description: 'How far the search looked, and what is known of the recall of that.',
  fields: (t) => ({
    exact: t.boolean({
      description: 'True where nothing can have been missed.',
      resolve: ({ kind }) => kind === 'exact',
    }),
    candidates: t.int({
      nullable: true,
      description: 'Passages that stage one passed on. Null for an exact search.',
      resolve: (depth) => (depth.kind === 'two-stage' ? depth.candidates : null),
    }),
    efSearch: t.int({
      nullable: true,
      description:
        'Breadth of the HNSW search. Null where no graph was searched, by what is known of the tenant, which may be half a minute old; `explain` tells what was planned.',
      resolve: (depth) => (depth.kind === 'two-stage' ? depth.efSearch : null),
    }),
    measured: t.float({
      nullable: true,
      description:
        'Recall@10 that `tessera tune` measured for this setting on your own vectors. Null before it ran, and where it was not measured: under filters and access lists, and where more candidates were taken for a large or a later page. 1 for an exact search, by nature.',
      resolve: (depth) => (depth.kind === 'two-stage' ? depth.measuredRecall : 1),
    }),
    measuredAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When that was.',
      resolve: (depth) => (depth.kind === 'two-stage' ? depth.measuredAt : null),
    }),
    reached: t.boolean({
      description: 'False where a target was asked for that no measured setting reached.',
      resolve: (depth) => depth.kind === 'exact' || depth.reached,
    }),
  }),
});

const Stage = builder.objectRef<StageReport>('Stage').implement({
  description: 'A part of a search as it ran.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `candidates`, `semantic`, `keyword` or `fused`.' }),
    in: t.exposeInt('in', { description: 'Rows that it looked at.' }),
    out: t.exposeInt('out', { description: 'Rows that it passed on.' }),
    ms: t.exposeFloat('ms', {
      description: 'Time of this part itself, in milliseconds, without that of the parts that it reads.',
    }),
  }),
});

/** An answer, and how it was found when it was looked for once more. */
interface Explained {
  readonly answer: SearchAnswer;
  readonly explained: ExplainedSearch;
}

const Settings = builder.objectRef<Explained>('SearchSettings').implement({
  description: 'What the search was run with. Null where it makes no difference.',
  fields: (t) => ({
    candidates: t.int({
      nullable: true,
      description: 'Passages that stage one passed on.',
      resolve: ({ answer }) => answer.stageOne?.candidates ?? null,
    }),
    efSearch: t.int({
      nullable: true,
      description: 'Breadth of the HNSW search, `hnsw.ef_search`.',
      resolve: ({ answer, explained }) =>
        explained.searchesGraph ? (answer.settings['hnsw.ef_search'] ?? null) : null,
    }),
    maxScanTuples: t.int({
      nullable: true,
      description: 'Passages that a filtered HNSW search comes by before it gives up, `hnsw.max_scan_tuples`.',
      resolve: ({ answer, explained }) =>
        explained.searchesGraph ? (answer.settings['hnsw.max_scan_tuples'] ?? null) : null,
    }),
    filteredPassages: t.int({
      nullable: true,
      description: 'Passages that the filter permits, where these were ranked one by one and no graph was searched.',
      resolve: ({ answer }) => answer.stageOne?.permitted ?? null,
    }),
  }),
});

const UnderfilledReasonEnum = builder.enumType('UnderfilledReason', {
  description: 'What kept a search from finding all that the data allow.',
  values: {
    SCAN_BUDGET: {
      description: 'The budget of a filtered HNSW search ended it: filter more narrowly, or ask for EXACT.',
    },
    CANDIDATES: { description: 'There are too few candidates for a page so large or so deep: ask for more.' },
  } satisfies Record<UnderfilledReason, { description: string }>,
});

const Explanation = builder.objectRef<Explained>('Explanation').implement({
  description: 'How the search went, from running it once more under `explain analyze`.',
  fields: (t) => ({
    strategy: t.string({
      description:
        'How each half looked when it was run for this, in a line, such as `HYBRID, two stages over the graph, 100 candidates, words in every chunk`. Words are looked up in an index only where they are rare enough.',
      resolve: describeStrategy,
    }),
    stages: t.field({ type: [Stage], description: 'Its parts.', resolve: ({ explained }) => [...explained.stages] }),
    settings: t.field({ type: Settings, description: 'What it was run with.', resolve: (both) => both }),
    embedMs: t.float({
      description: 'Until there was a vector, in milliseconds; 0 from the cache.',
      resolve: ({ answer }) => answer.embedMs,
    }),
    planningMs: t.float({ description: 'Planning in PostgreSQL.', resolve: ({ explained }) => explained.planningMs }),
    executionMs: t.float({
      description: 'Execution in PostgreSQL.',
      resolve: ({ explained }) => explained.executionMs,
    }),
    plan: t.stringList({
      description: "PostgreSQL's plan, a node a line.",
      resolve: ({ explained }) => [...explained.plan],
    }),
  }),
});

export const SearchConnection = builder.objectRef<SearchAnswer>('SearchConnection').implement({
  description: 'Hits, best first.',
  fields: (t) => ({
    edges: t.field({
      type: [SearchEdge],
      description: 'The hits of this page.',
      extensions: priced({ list: { otherwise: 10 } }),
      resolve: (answer) => answer.hits.map((hit, index) => ({ hit, index, answer })),
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Where this page lies.',
      resolve: ({ hits, hasNextPage, cursorAt }) => ({
        hasNextPage,
        hasPreviousPage: false,
        startCursor: hits.length > 0 ? cursorAt(0) : null,
        endCursor: hits.length > 0 ? cursorAt(hits.length - 1) : null,
      }),
    }),
    mode: t.expose('mode', {
      type: SearchModeEnum,
      description: 'The mode that was run: KEYWORD in place of HYBRID where the model knows no word of the text.',
    }),
    recall: t.field({
      type: Recall,
      nullable: true,
      description: 'How far the semantic half looked. Null in KEYWORD mode, which has no candidates.',
      resolve: ({ depth }) => depth,
    }),
    underfilled: t.boolean({
      description: 'True where the search ended before it had found all that it should: the data allow more than this.',
      resolve: ({ underfilled }) => underfilled !== undefined,
    }),
    underfilledReason: t.field({
      type: UnderfilledReasonEnum,
      nullable: true,
      description: 'Why. Null where `underfilled` is false.',
      resolve: ({ underfilled }) => underfilled ?? null,
    }),
    explain: t.field({
      type: Explanation,
      description: 'How the search went. It is run once more for this, so `@defer` it where hits should not wait.',
      extensions: { ...priced({ points: 20 }), ...tagged('diagnostics') },
      resolve: async (answer) => ({ answer, explained: await answer.explain() }),
    }),
  }),
});

/** The plan has the last word: what is known of the tenant's tier may be half a minute old. */
function describeStrategy({ answer, explained }: Explained): string {
  const { mode, depth, stageOne, scan } = answer;
  const parts: string[] = [mode];
  if (stageOne) {
    const { kind, permitted, candidates } = stageOne;
    const way = explained.searchesGraph
      ? 'over the graph'
      : kind === 'filtered'
        ? `exact over ${permitted} filtered passages`
        : 'over the covering index';
    parts.push(`two stages ${way}, ${candidates} candidates`);
  } else if (depth) {
    parts.push('every vector at full precision');
  }
  if (scan) parts.push(...describeWords(scan, explained.wordScans));
  return parts.join(', ');
}

function describeWords(scan: KeywordScan, scans: ExplainedSearch['wordScans']): string[] {
  const languagesOf = (byIndex: boolean) =>
    scans.filter((one) => one.byIndex === byIndex).map(({ language }) => language);
  const [indexed, whole] = [languagesOf(true), languagesOf(false)];
  if (scan.kind === 'exact' || indexed.length === 0) return ['words in every chunk'];
  const byIndex = `words by index (${indexed.join(', ')}), ${scan.rowBudget} chunks at most`;
  return whole.length === 0 ? [byIndex] : [byIndex, `in every chunk of the others (${whole.join(', ')})`];
}
