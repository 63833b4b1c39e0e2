import { EmbedderError } from '../embed/embedder-error.ts';
import { type Hit, type Passage, type SearchAnswer, search } from '../search/search.ts';
import { NotEmbeddableError, type SearchMode } from '../search/search-request.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document, toPageInfo } from './document.ts';
import { readFilter } from './filter-arguments.ts';
import { DocumentFilterInput } from './filter-inputs.ts';

const SearchModeEnum = builder.enumType('SearchMode', {
  description: 'What decides the ranking.',
  values: {
    HYBRID: {
      description: 'Meaning and words, their ranks fused (weighted reciprocal rank fusion). The default for a text.',
    },
    SEMANTIC: { description: 'Meaning only: cosine of full vectors. The default for a vector.' },
    KEYWORD: { description: 'Words only: BM25.' },
  } satisfies Record<SearchMode, { description: string }>,
});

const SearchInput = builder.inputType('SearchInput', {
  description: 'What to search for: a `text` or a `vector`, and one of them only.',
  fields: (t) => ({
    text: t.string({
      description:
        'A question or some words, at most 8,000 characters. Any of the words may occur; `"a phrase"`, `+required` and `-excluded` filter.',
    }),
    vector: t.floatList({ description: 'A vector of the model, of any length but zero. Its mode is SEMANTIC.' }),
    mode: t.field({ type: SearchModeEnum, description: 'HYBRID for a text, SEMANTIC for a vector, unless given.' }),
    collections: t.stringList({ description: 'Only these collections, at most 32; all without it.' }),
    filter: t.field({ type: DocumentFilterInput, description: 'Only these documents.' }),
    candidates: t.int({
      description:
        'Chunks that each half passes on, 10 to 1,000; 100 without it. More costs time and finds more; it is also how far one can page.',
    }),
    minScore: t.float({ description: 'Only hits with at least this score, on the scale of the mode.' }),
  }),
});

const Chunk = builder.objectRef<Passage>('Chunk').implement({
  description: 'A passage of a document: the piece that is embedded and matched.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Opaque. A changed document has other chunks.' }),
    ordinal: t.exposeInt('ordinal', { description: 'Position in the document, from 0.' }),
    text: t.exposeString('text', { description: 'As it stands in the body.' }),
    context: t.exposeString('context', { description: 'Title and headings above it, joined by ` > `.' }),
    start: t.exposeInt('start', { description: 'Where it begins in the body, in UTF-16 units.' }),
    end: t.exposeInt('end', { description: 'Where it ends in the body, exclusive, in UTF-16 units.' }),
  }),
});

const Scores = builder.objectRef<Hit>('Scores').implement({
  description: 'The score of each half. Null where the half did not find the document.',
  fields: (t) => ({
    vector: t.exposeFloat('vectorScore', { nullable: true, description: 'Cosine at full precision, -1 to 1.' }),
    keyword: t.exposeFloat('keywordScore', { nullable: true, description: 'BM25, above 0.' }),
    fused: t.exposeFloat('score', { description: 'What the hits are ranked by: the same as `score`.' }),
  }),
});

const SearchEdge = builder.objectRef<Hit>('SearchEdge').implement({
  description: 'A hit: a document, its best passage and its scores.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'To be passed as `after` for the hits behind this one.' }),
    score: t.exposeFloat('score', {
      description: 'Higher is better. HYBRID: 0 to 1; SEMANTIC: cosine; KEYWORD: BM25.',
    }),
    scores: t.field({ type: Scores, description: 'The score of each half.', resolve: (hit) => hit }),
    chunk: t.expose('chunk', { type: Chunk, description: 'The best passage of the document.' }),
    node: t.expose('document', { type: Document, description: 'The document.' }),
  }),
});

const SearchPageInfo = builder.pageInfoRef();

const SearchConnection = builder.objectRef<SearchAnswer>('SearchConnection').implement({
  description: 'Hits, best first, one per document.',
  fields: (t) => ({
    edges: t.expose('hits', { type: [SearchEdge], description: 'The hits of this page.' }),
    pageInfo: t.field({
      type: SearchPageInfo,
      description: 'Where this page lies.',
      resolve: ({ hits, hasNextPage }) => toPageInfo(hits, hasNextPage),
    }),
    mode: t.expose('mode', {
      type: SearchModeEnum,
      description: 'The mode that was run: KEYWORD in place of HYBRID where the model knows no word of the text.',
    }),
    candidates: t.exposeInt('candidates', { description: 'Chunks that each half passed on at most.' }),
  }),
});

builder.queryField('search', (t) =>
  t.field({
    type: SearchConnection,
    description: "Searches the tenant's documents by meaning, by words, or both.",
    authScopes: { token: 'search' },
    errors: {
      types: [EmbedderError, NotEmbeddableError],
      union: { name: 'SearchResult', description: 'Hits, or why there are none to be had.' },
    },
    args: {
      input: t.arg({ type: SearchInput, required: true, description: 'What to search for.' }),
      first: t.arg.int({ description: 'Hits a page, 1 to 100; 10 without it.' }),
      after: t.arg.string({ description: '`endCursor` of the page before, with the same input.' }),
    },
    resolve: (_root, { input, first, after }, { deps, principal, signal }) => {
      const { filter, ...rest } = input;
      const request = { ...rest, ...(filter && { filter: readFilter(filter) }) };
      return search(deps, requirePrincipal(principal), request, { first: first ?? null, after: after ?? null }, signal);
    },
  }),
);
