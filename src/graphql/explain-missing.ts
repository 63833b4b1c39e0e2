import { EmbedderError } from '../embed/embedder-error.ts';
import { isDocumentId } from '../ids.ts';
import { explainMissing, type MissingExplanation, type MissingReason } from '../search/explain-missing.ts';
import { ExampleNotFoundError, NotEmbeddableError } from '../search/search-request.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { priced } from './price.ts';
import { readSearchInput } from './search-arguments.ts';
import { SearchInput } from './search-inputs.ts';
import { tagged } from './tags.ts';

const MissingReasonEnum = builder.enumType('MissingReason', {
  description: 'Where a search lost a document, in the order in which it is looked for.',
  values: {
    FOUND: { description: 'It is among the hits of the page; `rank` says where.' },
    NOT_THERE: { description: 'It does not exist, or you may not see it: the two cannot be told apart.' },
    EXAMPLE: { description: 'It is what the search started from (`similarTo`, `recommend`), which is never a hit.' },
    FILTERED: { description: '`collections` or `filter` excludes it.' },
    CONDITIONS: { description: 'It lacks a phrase or required word, or has an excluded one.' },
    NOT_EMBEDDED: { description: 'It has no vector yet, and in mode HYBRID shares no word with the query.' },
    STALE: {
      description:
        'Its text, or part of it, has no vector yet: it was compared by the vectors that it has, which may be those of its text before an edit. The ranks are theirs.',
    },
    NO_COMMON_WORD: { description: 'In KEYWORD mode: no passage has any word of the query.' },
    SCAN_BUDGET: {
      description: 'It is near enough, but the scan budget of a filtered HNSW search ended before it came by.',
    },
    MISSED_BY_GRAPH: { description: 'It is near enough, but the HNSW search did not come by: ask for more recall.' },
    CUT_BEFORE_RERANK: {
      description: 'It is not among the candidates by coarse vector; `trueCoarseRank` says where it stands.',
    },
    CUT_BY_KEYWORDS: {
      description:
        'It has a word of the query, but too many others rank before it by those. In KEYWORD mode, and in HYBRID where it has no vector yet.',
    },
    BELOW_MIN_SCORE: { description: 'Its `score` is below `minScore`.' },
    DIVERSITY: {
      description:
        'It ranks high enough for the page, but `diversity` chose others that are less like those before them.',
    },
    GROUPING: {
      description:
        'Passages of others fill the page, or the grouping ranks it lower: with the other `groupBy` it would be on the page.',
    },
    BEHIND_THE_PAGE: { description: 'It comes on a later page; `rank` says where.' },
  } satisfies Record<MissingReason, { description: string }>,
});

const MissingExplanationType = builder.objectRef<MissingExplanation>('MissingExplanation').implement({
  description: 'What a search makes of one document.',
  fields: (t) => ({
    reason: t.expose('reason', { type: MissingReasonEnum, description: 'Where it was lost, or FOUND.' }),
    rank: t.exposeInt('rank', {
      nullable: true,
      description: 'Its place on the page, or else by score among all hits, from 1; that of its best passage.',
    }),
    score: t.exposeFloat('score', { nullable: true, description: 'Its score, where it is ranked.' }),
    trueCoarseRank: t.exposeInt('trueCoarseRank', {
      nullable: true,
      description: 'Its place by coarse vector among all permitted passages, counted without the graph.',
    }),
    candidates: t.exposeInt('candidates', { nullable: true, description: 'Passages that stage one passes on.' }),
    keywordScore: t.exposeFloat('keywordScore', {
      nullable: true,
      description: 'Its BM25, where words count; 0 without a common word.',
    }),
  }),
});

builder.queryField('explainMissing', (t) =>
  t.field({
    type: MissingExplanationType,
    description:
      'Why a search does not return a document on its first page: the stage that lost it, and where it really stands.',
    authScopes: { token: 'search' },
    extensions: { ...priced({ points: 50 }), ...tagged('diagnostics') },
    errors: {
      types: [EmbedderError, NotEmbeddableError, ExampleNotFoundError],
      union: { name: 'ExplainMissingResult', description: 'The explanation, or why there is none to be had.' },
    },
    args: {
      documentId: t.arg.globalID({ required: true, for: Document, description: 'The document that was expected.' }),
      input: t.arg({ type: SearchInput, required: true, description: 'The search that did not return it.' }),
      first: t.arg.int({ description: 'The page size of that search; 10 without it.' }),
    },
    resolve: (_root, { documentId: { id }, input, first }, { deps, principal, signal }) => {
      const who = requirePrincipal(principal);
      if (!isDocumentId(id)) {
        return {
          reason: 'NOT_THERE' as const,
          rank: null,
          score: null,
          trueCoarseRank: null,
          candidates: null,
          keywordScore: null,
        };
      }
      return explainMissing(deps, who, id, readSearchInput(input), { first }, signal);
    },
  }),
);
