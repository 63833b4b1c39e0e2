import { describe, expect, it } from 'vitest';
import type { ChunkId, DocumentId } from '../../../src/ids.ts';
import { exampleOperands } from '../../../src/search/example-stage.ts';
import { isPlannedOnce } from '../../../src/search/planned-once.ts';
import type { SearchDepth } from '../../../src/search/search-depth.ts';
import type { SearchPlan } from '../../../src/search/search-plan.ts';

const documentId = '01890000-0000-7000-8000-000000000001' as DocumentId;
const chunkId = '01890000-0000-7000-8000-000000000002' as ChunkId;
const depth = {
  kind: 'two-stage',
  ...{ stageOne: 'planned', candidates: 100, efSearch: 100, measuredRecall: null, measuredAt: null, reached: true },
  ...{ tier: 'exact', chunks: 50 },
} as const satisfies SearchDepth;
const vectors = { full: Buffer.from([1]), coarse: Buffer.from([2]) };
const semantic = { modelId: 1, ...vectors, depth: { kind: 'two-stage', candidates: 100 } } as const;
const keyword = { words: 'cold', candidates: 100, scan: { kind: 'exact' } } as const;
const selection = { filter: {}, exceptChunks: [] };
const plan: SearchPlan = {
  modelId: 1,
  fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
  ...{ selection, groupBy: 'DOCUMENT', withVectors: false, seen: [], limit: 11 },
};
const byIndex = { kind: 'rarest', languages: ['english'], rowBudget: 10_000 } as const;

describe('a search is planned once a connection', () => {
  it.each<[string, Partial<SearchPlan>]>([
    ['by vector', { semantic }],
    ['by words', { keyword }],
    ['by both', { semantic, keyword }],
    ['on a later page', { semantic, seen: ['800000000001'] }],
  ])('where every tenant is read in the same way: %s', (_, change) => {
    expect(isPlannedOnce({ ...plan, ...change }, depth)).toBe(true);
  });

  it.each<[string, Partial<SearchPlan>, SearchDepth?]>([
    ['a graph', { semantic }, { ...depth, tier: 'hnsw' }],
    ['a tenant that nobody has counted', { semantic }, { ...depth, chunks: null }],
    ['a tenant that has outgrown its tier', { semantic }, { ...depth, chunks: 20_001 }],
    ['recall EXACT', { semantic: { ...semantic, depth: { kind: 'exact' } } }, { kind: 'exact' }],
    [
      'a counted filter',
      {
        semantic: {
          ...semantic,
          depth: { kind: 'two-stage', candidates: 9, stageOne: { kind: 'counted', permittedBudget: 9 } },
        },
      },
    ],
    ['a word index', { keyword: { ...keyword, scan: byIndex } }],
    ['quoted words', { keyword, conditions: '"cold"' }],
    ['quoted words, by vector', { semantic, conditions: '"cold"' }],
    ['a collection', { semantic, selection: { ...selection, collections: ['a'] } }],
    ['a filter', { keyword, selection: { ...selection, filter: { title: { eq: 'A' } } } }],
    ['access lists', { semantic, selection: { ...selection, hasAccessLists: true } }],
    ['passages left out', { semantic, selection: { ...selection, exceptChunks: [chunkId] } }],
    ['an example', { semantic: { ...semantic, ...exampleOperands({ documentId }) } }],
    ['recency', { semantic, recency: { halfLifeDays: 7, weight: 0.5 } }],
  ])('but for its tenant with %s', (_, change, other = depth) => {
    expect(isPlannedOnce({ ...plan, ...change }, other)).toBe(false);
  });
});
