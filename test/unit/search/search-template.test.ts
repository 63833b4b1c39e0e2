import { describe, expect, it } from 'vitest';
import type { Query } from '../../../src/db/query.ts';
import { type ChunkId, type DocumentId, parseTenantId } from '../../../src/ids.ts';
import { exampleOperands } from '../../../src/search/example-stage.ts';
import { reportedSearchStatement } from '../../../src/search/reported-search.ts';
import type { SearchPlan } from '../../../src/search/search-plan.ts';
import { searchStatement } from '../../../src/search/search-statement.ts';
import { preparedReportedSearchStatement, preparedSearchStatement } from '../../../src/search/search-template.ts';

const acme = parseTenantId('acme');
const rival = parseTenantId('rival');
const chunkId = '01890000-0000-7000-8000-000000000002' as ChunkId;
const vectors = (seed: number) => ({ full: Buffer.from([seed]), coarse: Buffer.from([seed + 1]) });
const semantic = (seed: number) =>
  ({ modelId: 1, ...vectors(seed), depth: { kind: 'two-stage', candidates: 100 } }) as const;
const example = (digit: number) => {
  const documentId = `01890000-0000-7000-8000-00000000000${digit}` as DocumentId;
  return { ...semantic(0), ...exampleOperands({ documentId }) };
};
const keyword = (words: string) => ({ words, candidates: 100, scan: { kind: 'exact' } }) as const;
const plan: SearchPlan = {
  modelId: 1,
  fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
  selection: { filter: {}, exceptChunks: [] },
  groupBy: 'DOCUMENT',
  withVectors: false,
  seen: [],
  limit: 11,
};

/** Plans of many shapes; those of one shape differ in their operands. */
const plans: Record<string, SearchPlan> = {
  semantic: { ...plan, semantic: semantic(1) },
  'semantic, another vector': { ...plan, semantic: semantic(7) },
  'semantic, every vector': { ...plan, semantic: { ...semantic(1), depth: { kind: 'exact' } } },
  'semantic, more candidates': { ...plan, semantic: { ...semantic(1), depth: { kind: 'two-stage', candidates: 200 } } },
  'semantic, from the covering index': {
    ...plan,
    semantic: { ...semantic(1), depth: { kind: 'two-stage', candidates: 100, stageOne: { kind: 'covering' } } },
  },
  'semantic, counted': {
    ...plan,
    semantic: {
      ...semantic(1),
      depth: { kind: 'two-stage', candidates: 100, stageOne: { kind: 'counted', permittedBudget: 900 } },
    },
    selection: { collections: ['a'], filter: {}, exceptChunks: [] },
  },
  keyword: { ...plan, keyword: keyword('cold') },
  'keyword, other words': { ...plan, keyword: keyword('hot') },
  'keyword, by index': {
    ...plan,
    keyword: { ...keyword('hot'), scan: { kind: 'rarest', languages: ['german'], rowBudget: 10_000 } },
  },
  'keyword, by index, filtered': {
    ...plan,
    keyword: { ...keyword('hot'), scan: { kind: 'rarest', languages: ['german'], rowBudget: 10_000 } },
    selection: { collections: ['a'], filter: {}, exceptChunks: [] },
    conditions: '-"spa"',
  },
  hybrid: { ...plan, semantic: semantic(1), keyword: keyword('cold') },
  conditions: { ...plan, keyword: keyword('cold'), conditions: '"hot water"' },
  'other conditions': { ...plan, keyword: keyword('cold'), conditions: '-"spa"' },
  'conditions of a search by vector': { ...plan, semantic: semantic(1), conditions: '-"spa"' },
  collections: { ...plan, semantic: semantic(1), selection: { ...plan.selection, collections: ['a', 'b'] } },
  'no collection': { ...plan, semantic: semantic(1), selection: { ...plan.selection, collections: [] } },
  filter: { ...plan, semantic: semantic(1), selection: { filter: { title: { eq: 'A' } }, exceptChunks: [] } },
  'another filter': { ...plan, semantic: semantic(1), selection: { filter: { title: { eq: 'B' } }, exceptChunks: [] } },
  'a filter by attribute': {
    ...plan,
    semantic: semantic(1),
    selection: { filter: { attributes: [{ name: 'tags', textList: { containsAll: ['a', 'b'] } }] }, exceptChunks: [] },
  },
  'a filter by date': {
    ...plan,
    semantic: semantic(1),
    selection: { filter: { updatedAt: { gte: new Date(0) } }, exceptChunks: [] },
  },
  except: { ...plan, semantic: semantic(1), selection: { filter: {}, exceptChunks: [chunkId] } },
  seen: { ...plan, semantic: semantic(1), seen: ['800000000001', '800000000002'] },
  'another page': { ...plan, semantic: semantic(1), seen: ['800000000003'] },
  'a minimal score': { ...plan, semantic: semantic(1), minScore: 0.5 },
  'another minimal score': { ...plan, semantic: semantic(1), minScore: 0.7 },
  'another limit': { ...plan, semantic: semantic(1), limit: 21 },
  'another model': { ...plan, modelId: 2, semantic: { ...semantic(1), modelId: 2 } },
  'like a document': { ...plan, semantic: example(1), reports: true },
  'like another document': { ...plan, semantic: example(2), reports: true },
  'like a passage': { ...plan, semantic: { ...semantic(0), ...exampleOperands({ chunkId }) }, reports: true },
  weights: { ...plan, semantic: semantic(1), keyword: keyword('x'), fusion: { ...plan.fusion, keywordWeight: 5 } },
};
const cases = Object.entries(plans).flatMap(([name, each]) => [
  { name, tenant: acme, each },
  { name, tenant: rival, each },
]);

const builders = [
  [preparedSearchStatement, searchStatement],
  [preparedReportedSearchStatement, reportedSearchStatement],
] as const;

describe('a prepared search', () => {
  // Twice, so that every template is used by others before and after.
  it.each([...cases, ...cases.toReversed()])(
    'is what compiling it anew gives: $name of $tenant',
    ({ tenant, each }) => {
      for (const [prepare, build] of builders) {
        const prepared = prepare(tenant, each).compile();
        const compiled = build(tenant, each).compile();
        expect(prepared.sql).toBe(compiled.sql);
        expect(prepared.parameters).toEqual(compiled.parameters);
      }
    },
  );

  it('has one name for one text', () => {
    const texts = new Map<string, string>();
    for (const { tenant, each } of cases) {
      const { name, sql } = preparedSearchStatement(tenant, each).compile() as Query & { name: string };
      expect(texts.get(name) ?? sql).toBe(sql);
      texts.set(name, sql);
    }
    expect(texts.size).toBeGreaterThan(5);
    expect(new Set(texts.values()).size).toBe(texts.size);
  });

  it('is like another one that differs in its vector or its words alone', () => {
    const likeness = (each: SearchPlan, tenant = acme) =>
      (preparedSearchStatement(tenant, each).compile() as Query).merge?.likeness();
    const { semantic: one, 'semantic, another vector': other, ...others } = plans as Record<string, SearchPlan>;
    expect(likeness(one as SearchPlan)).toBe(likeness(other as SearchPlan));
    expect(likeness(plans.keyword as SearchPlan)).toBe(likeness(plans['keyword, other words'] as SearchPlan));
    expect(likeness(one as SearchPlan)).not.toBe(likeness(one as SearchPlan, rival));
    expect(likeness(plans['like a document'] as SearchPlan)).toBe(
      likeness(plans['like another document'] as SearchPlan),
    );
    for (const each of Object.values(others)) expect(likeness(each)).not.toBe(likeness(one as SearchPlan));
    const pairs = [
      ['conditions', 'other conditions'],
      ['like a document', 'like a passage'],
      ['seen', 'another page'],
      ['a minimal score', 'another minimal score'],
    ] as const;
    for (const [a, b] of pairs) expect(likeness(plans[a] as SearchPlan)).not.toBe(likeness(plans[b] as SearchPlan));
  });
});
