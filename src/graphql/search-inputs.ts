import type { FusionMethod, GroupBy, RecallProfile, SearchMode } from '../search/search-input.ts';
import { builder } from './builder.ts';
import { DocumentFilterInput } from './filter-inputs.ts';

type Values<Name extends string> = Record<Name, { description: string }>;

export const SearchModeEnum = builder.enumType('SearchMode', {
  description: 'What decides the ranking.',
  values: {
    HYBRID: { description: 'Meaning and words, their rankings fused. The default for a text.' },
    SEMANTIC: { description: 'Meaning only: cosine of full vectors. The default for anything but a text.' },
    KEYWORD: { description: 'Words only: BM25.' },
  } satisfies Values<SearchMode>,
});

export const RecallProfileEnum = builder.enumType('RecallProfile', {
  description: 'How far a search looks. `tessera tune` measures what each means for your documents.',
  values: {
    FAST: { description: 'The cheapest setting with a recall of 0.95; 40 candidates where nothing was measured.' },
    BALANCED: { description: 'The cheapest setting with a recall of 0.99; 100 candidates where nothing was measured.' },
    HIGH: { description: 'The cheapest setting with a recall of 0.999; 200 candidates where nothing was measured.' },
    EXACT: { description: 'Every permitted passage at full precision. Nothing is missed, and everything is read.' },
  } satisfies Values<RecallProfile>,
});

const GroupByEnum = builder.enumType('GroupBy', {
  description: 'What a hit is.',
  values: {
    DOCUMENT: { description: 'A document with its best passage.' },
    CHUNK: { description: 'A passage; a document may come more than once.' },
  } satisfies Values<GroupBy>,
});

const FusionMethodEnum = builder.enumType('FusionMethod', {
  description: 'How the rankings of both halves become one in HYBRID mode.',
  values: {
    RECIPROCAL_RANK: { description: 'Votes by rank, those of words by how much of the query is covered.' },
    RELATIVE_SCORE: { description: 'Votes by score, each half from 0 (its last) to 1 (its best).' },
  } satisfies Values<FusionMethod>,
});

const FusionInput = builder.inputType('FusionInput', {
  description: "How the halves are fused. What is left out is the model's own.",
  fields: (t) => ({
    method: t.field({ type: FusionMethodEnum, description: 'RECIPROCAL_RANK without it.' }),
    keywordWeight: t.float({ description: 'How much the words count, 0 to 100.' }),
    semanticWeight: t.float({ description: 'How much the meaning counts, 0 to 100.' }),
    rankConstant: t.float({
      description: 'Of RECIPROCAL_RANK, 1 to 1,000; 60 without it. Lower favours the first ranks.',
    }),
  }),
});

const RecallInput = builder.inputType('RecallInput', {
  description: 'How good the answer must be: a `profile` or a `target`. Example: `{ target: 0.99 }`.',
  isOneOf: true,
  fields: (t) => ({
    profile: t.field({
      type: RecallProfileEnum,
      description: 'One of the four settings; BALANCED is what a search has without any wish.',
    }),
    target: t.float({ description: 'Share of the true ten nearest that must be found, 0.5 to 1. 1 is EXACT.' }),
  }),
});

const RecommendInput = builder.inputType('RecommendInput', {
  description: 'Searches near to some documents or passages and far from others.',
  fields: (t) => ({
    positive: t.idList({
      required: true,
      description: 'Ids of documents or chunks that the hits should be like; at least one.',
    }),
    negative: t.idList({ description: 'Ids of documents or chunks that the hits should not be like.' }),
  }),
});

const RecencyInput = builder.inputType('RecencyInput', {
  description: 'Prefers documents that changed lately: scores fade with age.',
  fields: (t) => ({
    halfLifeDays: t.float({ required: true, description: 'Days after which the preference has halved, above 0.' }),
    weight: t.float({ description: 'Share of the score that age decides, 0 to 1; 0.3 without it.' }),
  }),
});

export const SearchInput = builder.inputType('SearchInput', {
  description: 'What to search for: one of `text`, `vector`, `vectorBase64`, `similarTo` and `recommend`.',
  fields: (t) => ({
    text: t.string({
      description:
        'A question or some words, at most 8,000 characters. Any of the words may occur; `"a phrase"`, `+required` and `-excluded` filter.',
    }),
    vector: t.floatList({ description: 'A vector of the model, of any length but zero. Its mode is SEMANTIC.' }),
    vectorBase64: t.string({
      description: 'The same as base64 of little-endian float32 numbers, a third of the bytes.',
    }),
    similarTo: t.id({ description: 'Id of a document or chunk to find others like it. Its mode is SEMANTIC.' }),
    recommend: t.field({
      type: RecommendInput,
      description: 'Examples to be near to and far from. Its mode is SEMANTIC.',
    }),
    mode: t.field({ type: SearchModeEnum, description: 'HYBRID for a text, SEMANTIC otherwise, unless given.' }),
    collections: t.stringList({ description: 'Only these collections, at most 32; all without it.' }),
    filter: t.field({ type: DocumentFilterInput, description: 'Only these documents.' }),
    recall: t.field({ type: RecallInput, description: 'How good the answer must be; BALANCED without it.' }),
    candidates: t.int({
      description:
        'In place of `recall`: passages that stage one passes on, 10 to 1,000. It is also how far one can page.',
    }),
    minScore: t.float({ description: 'Only hits with at least this score, on the scale of the mode.' }),
    groupBy: t.field({ type: GroupByEnum, description: 'DOCUMENT without it.' }),
    fusion: t.field({ type: FusionInput, description: 'How both halves of HYBRID are fused.' }),
    diversity: t.float({
      description:
        'How much the hits of a page should be unlike each other (maximal marginal relevance), 0 to 1; 0 without it.',
    }),
    recency: t.field({ type: RecencyInput, description: 'Prefers documents that changed lately.' }),
  }),
});
