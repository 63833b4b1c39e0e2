import { expect, test } from 'vitest';
import { formatComparison, formatMinScores } from '../../../../src/cli/models/comparison-table.ts';
import type { Comparison, ModelFigures } from '../../../../src/recall/comparison.ts';

const figures: ModelFigures = {
  bestMean: 0.61,
  bestDeviation: 0.12,
  firstFoundByOther: 0.75,
  p50Ms: 1.24,
  p95Ms: 2.55,
  embedP50Ms: 0.1,
  unanswered: 0,
};
const comparison: Comparison = {
  queries: 60,
  overlapAt10: 0.5432,
  sameFirst: 34,
  figures: [figures, { ...figures, bestMean: 0.4, p50Ms: 35, unanswered: 2 }],
  shifts: {
    best: { mean: -0.21, median: -0.2, p5: -0.4, p95: 0.0123 },
    common: { mean: 0, median: -0.0001, p5: -0.1, p95: 0.1 },
  },
  minScores: [
    { from: 0.3, passing: 0.8, to: 0.2123 },
    { from: 0.99, passing: 0, to: undefined },
    { from: -1, passing: 1, to: undefined },
  ],
};
const names = ['old-model', 'a-new-model-with-a-long-name'] as const;

test('a comparison is one table, with a column for each model and the shifts beside their cosines', () => {
  const lines = formatComparison(names, comparison, { label: 'queries that were searched', count: '60 of 212' });
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "                                                                                                  shift of a query
                                                   old-model a-new-model-with-a-l…     mean   median       p5      p95
    queries that were searched                     60 of 212             60 of 212
    queries without an answer                              0                     2
    overlap@10                                         0.543                 0.543
    same first passage                              34 of 60              34 of 60
    first one among the other's ten                    0.750                 0.750
    cosine of the best hit                             0.610                 0.400   -0.210   -0.200   -0.400   +0.012
      its deviation                                    0.120                 0.120
    cosine of passages both found                                                     0.000    0.000   -0.100   +0.100
    latency p50                                       1.2 ms               35.0 ms
    latency p95                                       2.5 ms                2.5 ms
      of it the vector, p50                           0.1 ms                0.1 ms"
  `);
});

test('scores of the new model stand beside those of the old one that let the same share of hits through', () => {
  expect(formatMinScores(names, comparison).join('\n')).toMatchInlineSnapshot(`
    "minScore in SEMANTIC mode that lets the same share of hits through:
                 old-model a-new-model-with-a-l…    hits that pass
                       0.3                 0.212            80.0 %
                      0.99             above all             0.0 %
                        -1             below all           100.0 %"
  `);
  expect(formatMinScores(names, { minScores: [] })).toEqual([]);
});
