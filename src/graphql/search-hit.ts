import { encodeGlobalID } from '@pothos/plugin-relay';
import { Refusal } from '../errors.ts';
import type { Highlight as HighlightShape } from '../search/highlights.ts';
import type { Passage } from '../search/passages.ts';
import type { Hit, SearchAnswer } from '../search/search.ts';
import { builder } from './builder.ts';
import { Document } from './document.ts';
import { priced } from './price.ts';

const mostPassages = 10;

/** A hit with the answer that it belongs to: its details are read together with those of the other hits. */
export interface HitInAnswer {
  readonly hit: Hit;
  /** Place on the page, from 0. */
  readonly index: number;
  readonly answer: SearchAnswer;
}

const Highlight = builder.objectRef<HighlightShape>('Highlight').implement({
  description: "A part of a passage's text where a word of the query stands, in whatever form.",
  fields: (t) => ({
    start: t.exposeInt('start', { description: "Where it begins in the passage's text, in UTF-16 units." }),
    end: t.exposeInt('end', { description: "Where it ends in the passage's text, exclusive." }),
  }),
});

const Chunk = builder.objectRef<Passage>('Chunk').implement({
  description: 'A passage of a document: the piece that is embedded and matched.',
  fields: (t) => ({
    id: t.id({
      description: 'Opaque, to search from with `similarTo`. A changed document has other chunks.',
      resolve: ({ id }) => encodeGlobalID('Chunk', id),
    }),
    ordinal: t.exposeInt('ordinal', { description: 'Position in the document, from 0.' }),
    text: t.exposeString('text', { description: 'As it stands in the body.' }),
    context: t.exposeString('context', {
      description:
        'Title and headings above it, joined by ` > `, as far as its collection wants them (`Chunking.context`). Embedded and found by its words together with the text.',
    }),
    start: t.exposeInt('start', { description: 'Where it begins in the body, in UTF-16 units.' }),
    end: t.exposeInt('end', { description: 'Where it ends in the body, exclusive, in UTF-16 units.' }),
  }),
});

const Scores = builder.objectRef<Hit>('Scores').implement({
  description: 'The score of each half. Null where the half did not find the hit.',
  fields: (t) => ({
    vector: t.exposeFloat('vectorScore', { nullable: true, description: 'Cosine at full precision, -1 to 1.' }),
    keyword: t.exposeFloat('keywordScore', { nullable: true, description: 'BM25, above 0.' }),
    fused: t.exposeFloat('score', { description: 'What the hits are ranked by: the same as `score`.' }),
  }),
});

const Freshness = builder.objectRef<Hit>('Freshness').implement({
  description: 'Whether what was searched is what is stored.',
  fields: (t) => ({
    embeddedAt: t.expose('embeddedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the passage got its vector. Null while it waits for one: it was found by its words.',
    }),
    sourceVersion: t.int({
      description: 'Version of the document that the passage is from.',
      resolve: ({ document }) => document.version,
    }),
    stale: t.boolean({
      description:
        'True while the passage waits for its vector, or vectors of an older text of its document may have found it: until an edit is embedded as a whole.',
      resolve: ({ isStale }) => isStale,
    }),
  }),
});

export const SearchEdge = builder.objectRef<HitInAnswer>('SearchEdge').implement({
  description: 'A hit: a document, its best passage and its scores.',
  fields: (t) => ({
    cursor: t.string({
      description: 'To be passed as `after` for the hits behind this one.',
      resolve: ({ answer, index }) => answer.cursorAt(index),
    }),
    score: t.float({
      description: 'Higher is better. HYBRID: 0 to 1; SEMANTIC: cosine; KEYWORD: BM25.',
      resolve: ({ hit }) => hit.score,
    }),
    scores: t.field({ type: Scores, description: 'The score of each half.', resolve: ({ hit }) => hit }),
    chunk: t.field({ type: Chunk, description: 'The best passage of the document.', resolve: ({ hit }) => hit.chunk }),
    passages: t.field({
      type: [Chunk],
      description:
        'Passages of the document, the one that was found first and then the best by all that the search goes by. Where words are asked for or excluded, only passages that satisfy that.',
      extensions: priced({ points: 2, list: { argument: 'first', otherwise: 3, most: mostPassages } }),
      args: { first: t.arg.int({ defaultValue: 3, description: 'How many, 1 to 10.' }) },
      resolve: ({ hit, answer }, { first }) => answer.passages(hit, checkPassages(first ?? 3)),
    }),
    highlights: t.field({
      type: [Highlight],
      description: 'Where words of the query stand in the best passage. None for a search without text.',
      extensions: priced({ points: 1, list: { otherwise: 4 } }),
      resolve: ({ hit, answer }) => answer.highlights(hit.chunk.id),
    }),
    freshness: t.field({
      type: Freshness,
      description: 'Whether what was searched is what is stored.',
      resolve: ({ hit }) => hit,
    }),
    node: t.field({ type: Document, description: 'The document.', resolve: ({ hit }) => hit.document }),
  }),
});

function checkPassages(first: number): number {
  if (Number.isInteger(first) && first >= 1 && first <= mostPassages) return first;
  throw new Refusal(
    'BAD_USER_INPUT',
    `"passages(first:)" is ${first}; a whole number from 1 to ${mostPassages} is allowed.`,
  );
}
