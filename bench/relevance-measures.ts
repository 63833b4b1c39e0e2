import { mean } from '../src/recall/recall-measures.ts';
import { type Measures, measure } from './results.ts';

/** nDCG@10 of a set by ranking: each mode, `by index` and `textbook`. */
export type Quality = Readonly<Record<string, number>>;

/** How large a set is, and how much of what has a word of a question is scored by index. */
export interface SetSize {
  readonly chunks: number;
  readonly scored: number;
}

/** What a half may be better by, and KEYWORD other than the textbook's BM25, in nDCG@10. */
const most = 0.01;

/**
 * What must hold of the ranking: HYBRID above both of its parts on the mean of the sets, and on none of them more than 0.01
 * below the better; KEYWORD within 0.01 of a textbook BM25 on every set, scored whole and by index.
 */
export function relevanceMeasures(sets: readonly Quality[], sizes: readonly SetSize[]): Measures {
  const of = (name: string) => sets.map((quality) => quality[name] ?? Number.NaN);
  const [hybrid, keyword, semantic, byIndex, textbook] = ['HYBRID', 'KEYWORD', 'SEMANTIC', 'by index', 'textbook'].map(
    of,
  ) as [number[], number[], number[], number[], number[]];
  const gain = mean(hybrid) - Math.max(mean(keyword), mean(semantic));
  const least = Math.min(...hybrid.map((value, index) => value - Math.max(keyword[index] ?? 0, semantic[index] ?? 0)));
  const apart = (values: readonly number[]) =>
    Math.max(...values.map((value, index) => Math.abs(value - (textbook[index] ?? 0))));
  const scored = sizes.map(
    ({ chunks, scored: share }) => `${Math.round(100 * share)} % of what has a word, of ${chunks} chunks`,
  );
  return {
    relevance_hybrid_gain: {
      ...measure(gain, 'nDCG@10', '>=', 0, 'above the better part, on the mean'),
      reach: '> 0',
      holds: gain > 0,
    },
    relevance_hybrid_least: measure(least, 'nDCG@10', '>=', -most, 'above the better part, on the worst set'),
    relevance_keyword_apart: measure(apart(keyword), 'nDCG@10', '<=', most, 'from a textbook BM25, on the worst set'),
    relevance_index_apart: measure(
      apart(byIndex),
      'nDCG@10',
      '<=',
      most,
      `the same by index, which scores ${scored.join(' and ')}`,
    ),
  };
}
