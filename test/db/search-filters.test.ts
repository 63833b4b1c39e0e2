import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../src/db/open-pool.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import type { DocumentId } from '../../src/ids.ts';
import { parseTenantId } from '../../src/ids.ts';
import { explainMissing } from '../../src/search/explain-missing.ts';
import { reportedSearchStatement } from '../../src/search/reported-search.ts';
import { type SearchDeps, search } from '../../src/search/search.ts';
import type { SearchDepth } from '../../src/search/search-depth.ts';
import type { SearchInput } from '../../src/search/search-input.ts';
import { type SearchPlan, type StageOnePlan, vectorOperands } from '../../src/search/search-plan.ts';
import { permittedBudget } from '../../src/search/search-reach.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { seedClusterTexts } from '../support/seed-cluster-texts.ts';
import { seedClusters } from '../support/seed-clusters.ts';
import { statement } from '../support/statement.ts';
import { nearestTo, readVectors, type StoredVector } from '../support/stored-vectors.ts';

const tenantId = parseTenantId('large');
const principal = principalOf('large');
const chunks = 20_000;
const depth: SearchDepth = {
  ...{ kind: 'two-stage', stageOne: 'planned', candidates: 100, efSearch: 100, tier: 'hnsw', chunks },
  ...{ measuredRecall: null, measuredAt: null, reached: true },
};
/** Documents whose attribute `n`, 0 to 9,999 and evenly spread, is below a bound. */
const below = (bound: number) => ({ metadata: [{ key: 'n', number: { lt: bound } }] });

describeServer('a filtered search of a tenant that has a graph', () => {
  let db: TestDatabase;
  let deps: SearchDeps;
  let stored: StoredVector[];
  let queries: StoredVector[];
  let numbers: Map<string, number>;

  beforeAll(async () => {
    db = await openTestDatabase({ statementTimeoutMs: 60_000 });
    await seedClusters(db.owner, 'large', chunks);
    await seedClusterTexts(db.owner, 'large');
    const owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 60_000, onIdleError: () => {} });
    await reviewTiers(owner);
    await owner.close();
    stored = await readVectors(db.owner, 'large');
    queries = stored.filter((_, index) => index % 2_000 === 7);
    const { rows } = await db.owner.query<{ id: string; n: number }>(
      `select c.id, (d.metadata ->> 'n')::int as n from chunks c join documents d on d.id = c.document_id`,
    );
    numbers = new Map(rows.map(({ id, n }) => [id, n]));
    const model = { name: 'static-en-512', dimensions: 512 };
    const embed = async () => [queries[0]!.full];
    const embedder = { model, fusionWeights: { keyword: 1, semantic: 1 }, maxTokens: 8_000, maxBatch: 1 };
    deps = {
      database: db.database,
      embedder: { ...embedder, countTokens: () => 1, embed },
      modelId: 1,
      wordIndexes: async () => [],
      hasAccessLists: async () => false,
      chooseDepth: async () => depth,
    };
  });
  afterAll(() => db.close());

  const nearestBelow = (query: StoredVector, bound: number, count: number) =>
    nearestTo(
      query.full,
      stored.filter(({ chunkId }) => numbers.get(chunkId)! < bound),
      count,
    ).map(({ chunkId }) => chunkId);
  const byVector = (query: StoredVector, change: Partial<SearchInput> = {}): SearchInput => ({
    vector: [...query.full],
    groupBy: 'CHUNK',
    ...change,
  });

  test.each([
    ['0.1 %', 10, 'filtered'],
    ['1 %', 100, 'filtered'],
    ['2 %', 200, 'filtered'],
    ['10 %', 1_000, 'graph'],
    ['50 %', 5_000, 'graph'],
  ])('that permits %s is full and finds what brute force finds', async (_share, bound, kind) => {
    let found = 0;
    let expected = 0;
    for (const query of queries) {
      const answer = await search(deps, principal, byVector(query, { filter: below(bound) }), { first: 10 });
      const nearest = nearestBelow(query, bound, 10);
      expect(answer.hits).toHaveLength(10);
      expect(answer).toMatchObject({ underfilled: undefined, stageOne: { kind } });
      expect(answer.hits.every(({ chunk }) => numbers.get(chunk.id)! < bound)).toBe(true);
      found += answer.hits.filter(({ chunk }) => nearest.includes(chunk.id)).length;
      expected += nearest.length;
    }
    expect(found / expected).toBeGreaterThanOrEqual(kind === 'filtered' ? 0.99 : 0.95);
  });

  test('that permits little returns all of it, and is not underfilled', async () => {
    const few = [...numbers.values()].filter((n) => n < 2).length;
    const answer = await search(deps, principal, byVector(queries[0]!, { filter: below(2) }), { first: 100 });
    expect(few).toBeLessThan(100);
    expect(answer.hits).toHaveLength(few);
    expect(answer).toMatchObject({ underfilled: undefined, hasNextPage: false, stageOne: { permitted: few } });
  });

  test('that permits nothing says so in one flight', async () => {
    const answer = await search(deps, principal, byVector(queries[0]!, { filter: below(0) }), { first: 10 });
    expect(answer).toMatchObject({ hits: [], underfilled: undefined, stageOne: { kind: 'filtered', permitted: 0 } });
  });

  async function planOf(selection: Partial<SearchPlan['selection']>, budget: number, conditions?: string) {
    const stageOne: StageOnePlan = { kind: 'counted', permittedBudget: budget };
    const plan: SearchPlan = {
      modelId: 1,
      semantic: {
        modelId: 1,
        ...vectorOperands(queries[0]!.full),
        depth: { kind: 'two-stage', candidates: 100, stageOne },
      },
      ...(conditions && {
        conditions,
        keyword: { words: 'word1', candidates: 100, scan: { kind: 'exact' as const } },
      }),
      fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 1, semanticWeight: 1, rankConstant: 60 },
      selection: { filter: {}, exceptChunks: [], ...selection },
      groupBy: 'DOCUMENT',
      withVectors: false,
      reports: true,
      ...{ seen: [], limit: 11 },
    };
    const { sql, parameters } = reportedSearchStatement(tenantId, plan).compile();
    const explained = statement<{ 'QUERY PLAN': string }>(`explain (analyze, timing off) ${sql}`, parameters);
    const rows = await readAsTenant(db.database, principal, explained, { 'hnsw.ef_search': 100 });
    return rows.map((row) => row['QUERY PLAN']);
  }
  const neverRun = (lines: readonly string[], what: RegExp) =>
    lines.filter((line) => what.test(line)).every((line) => line.includes('never executed'));

  test.each([
    ['documents', { filter: below(5_000) }, undefined],
    ['collections', { collections: ['c1', 'c2'] }, undefined],
    ['words', {}, '+word1'],
    ['documents and words', { filter: below(5_000) }, '+word1'],
  ])('by %s never executes the branch that is not wanted', async (_name, selection, conditions) => {
    const small = await planOf(selection, 100_000, conditions);
    expect(small.filter((line) => line.includes('embeddings_hnsw'))).toHaveLength(1);
    expect(neverRun(small, /embeddings_hnsw/)).toBe(true);
    const large = await planOf(selection, 10, conditions);
    expect(neverRun(large, /embeddings_hnsw/)).toBe(false);
    expect(neverRun(large, /CTE Scan on permitted permitted_1/)).toBe(true);
    expect(large.join('\n')).not.toMatch(/Seq Scan on embeddings/);
  });

  test('counts no further than its budget', async () => {
    const lines = await planOf({ filter: below(9_000) }, 50);
    const counted = lines.findIndex((line) => line.includes('CTE permitted'));
    expect(lines[counted + 1]).toMatch(/actual rows=51 /);
  });

  test('that a scan budget ends early reads everything that is permitted, where the tenant is not too large', async () => {
    const budgets = { permitted: 10, scanTuples: 1 };
    const input = byVector(queries[0]!, { filter: below(200) });
    const answer = await search({ ...deps, budgets }, principal, input, { first: 10 });
    expect(answer).toMatchObject({ underfilled: undefined, stageOne: { kind: 'covering' } });
    expect(answer.hits.map(({ chunk }) => chunk.id)).toEqual(nearestBelow(queries[0]!, 200, 10));
  });

  test('says that its scan budget ended it, and explainMissing says so of what was lost', async () => {
    const stopped = { ...deps, budgets: { permitted: 10, scanTuples: 1, readWhole: 0 } };
    const input = byVector(queries[0]!, { filter: below(100) });
    const answer = await search(stopped, principal, input, { first: 50 });
    expect(answer).toMatchObject({ underfilled: 'SCAN_BUDGET', stageOne: { kind: 'graph', stopped: true } });
    expect(answer.hits.length).toBeLessThan(50);
    const full = await search(deps, principal, input, { first: 50 });
    expect(full).toMatchObject({ underfilled: undefined });
    expect(full.hits).toHaveLength(50);
    const found = new Set(answer.hits.map(({ document }) => document.id));
    const lost = full.hits.find(({ document }) => !found.has(document.id))!;
    const why = (from: SearchDeps) =>
      explainMissing(from, principal, lost.document.id as DocumentId, input, { first: 50 });
    expect(await why(stopped)).toMatchObject({ reason: 'SCAN_BUDGET' });
    expect(await why(deps)).toMatchObject({ reason: 'FOUND' });
  });

  test('that the graph misses something of is explained so: by its true rank, which is near enough', async () => {
    const narrow = { ...depth, candidates: 10, efSearch: 10 };
    const by = (change: object): SearchDeps => ({ ...deps, chooseDepth: async () => ({ ...narrow, ...change }) });
    const found = async (from: SearchDeps, input: SearchInput) =>
      (await search(from, principal, input, { first: 9 })).hits.map(({ document }) => document.id as DocumentId);
    let isMissed = false;
    for (const query of stored.filter((_, index) => index % 200 === 7)) {
      const input = byVector(query);
      const graph = await found(by({}), input);
      const everything = await found(by({ stageOne: 'covering' }), input);
      const lost = everything.find((id) => !graph.includes(id));
      if (!lost) continue;
      const why = (from: SearchDeps) => explainMissing(from, principal, lost, input, { first: 9 });
      const missing = await why(by({}));
      if (missing.reason !== 'MISSED_BY_GRAPH') continue;
      isMissed = true;
      expect(missing).toMatchObject({ rank: null, score: null, candidates: 10 });
      expect(missing.trueCoarseRank).toBeLessThanOrEqual(10);
      expect(await why(by({ stageOne: 'covering' }))).toMatchObject({ reason: 'FOUND' });
      break;
    }
    expect(isMissed).toBe(true);
  });

  test('goes as deep as the data, page by page, in every mode', async () => {
    const inputs: SearchInput[] = [
      byVector(queries[0]!, { filter: below(600), groupBy: 'DOCUMENT' }),
      { text: 'word1', mode: 'KEYWORD' },
      { text: 'word1 word2', filter: below(600) },
    ];
    const everything = [
      new Set([...numbers].filter(([, n]) => n < 600).map(([id]) => id)).size,
      Number((await db.owner.query(`select count(*) from chunks where tsv @@ 'word1'`)).rows[0].count),
    ];
    expect(Math.min(...everything)).toBeGreaterThan(300);
    for (const input of inputs) {
      const seen = new Set<string>();
      let after: string | undefined;
      for (let page = 0; page < 4; page++) {
        const answer = await search(deps, principal, input, { first: 100, after });
        expect(answer).toMatchObject({ underfilled: undefined });
        expect(answer.hits).toHaveLength(100);
        for (const { document } of answer.hits) seen.add(document.id);
        expect(answer.hasNextPage).toBe(true);
        after = answer.cursorAt(99);
      }
      expect(seen.size).toBe(400);
    }
  });

  test("gets no more candidates than the caller's own number, and says that those were the limit", async () => {
    const input = byVector(queries[0]!, { candidates: 10, groupBy: 'DOCUMENT' });
    const own = { ...deps, chooseDepth: async () => ({ ...depth, candidates: 10 }) as SearchDepth };
    expect(await search(own, principal, input, { first: 10 })).toMatchObject({ underfilled: undefined });
    const short = await search(own, principal, input, { first: 20 });
    expect(short.hits).toHaveLength(10);
    expect(short).toMatchObject({ underfilled: 'CANDIDATES' });
  });

  test('leaves a search without a filter exactly as it was: one ordered scan, nothing counted', async () => {
    const sent: string[] = [];
    const listening = {
      ...deps,
      database: {
        ...deps.database,
        read: async (_scope: unknown, [query]: readonly { sql: string }[]) => {
          sent.push(query!.sql);
          return [
            await readAsTenant(
              deps.database,
              principal,
              statement(query!.sql, (query as never as { parameters: unknown[] }).parameters),
            ),
          ];
        },
      },
    };
    const answer = await search(listening as SearchDeps, principal, byVector(queries[0]!), { first: 10 });
    expect(answer).toMatchObject({ stageOne: { kind: 'graph' }, underfilled: undefined });
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toMatch(/count\(|permitted|selected/);
  });

  test('reads the covering index where that was chosen for the tenant', async () => {
    const covering = { ...deps, chooseDepth: async () => ({ ...depth, stageOne: 'covering' }) as SearchDepth };
    const answer = await search(covering, principal, byVector(queries[1]!), { first: 10 });
    expect(answer.stageOne).toMatchObject({ kind: 'covering' });
    const exact = await readAsTenant(
      db.database,
      principal,
      searchStatement(tenantId, {
        modelId: 1,
        semantic: { modelId: 1, ...vectorOperands(queries[1]!.full), depth: { kind: 'exact' } },
        fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 1, semanticWeight: 1, rankConstant: 60 },
        selection: { filter: {}, exceptChunks: [] },
        groupBy: 'CHUNK',
        withVectors: false,
        ...{ seen: [], limit: 10 },
      }),
    );
    const explained = await answer.explain();
    expect(explained.plan.join('\n')).not.toContain('embeddings_hnsw');
    const expected = new Set<string>(exact.map(({ chunkId }) => chunkId));
    expect(answer.hits.filter(({ chunk }) => expected.has(chunk.id)).length).toBeGreaterThanOrEqual(9);
  });

  test('has a budget that lies between nothing and everything', () => {
    expect(permittedBudget(100, chunks)).toBe(2_000);
    expect(permittedBudget(100, 60_000)).toBe(3_464);
  });
});
