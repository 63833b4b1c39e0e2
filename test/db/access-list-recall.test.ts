import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../src/db/open-pool.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import { parseTenantId } from '../../src/ids.ts';
import { calibrate } from '../../src/recall/calibrate.ts';
import { type SearchDeps, search } from '../../src/search/search.ts';
import type { SearchDepth } from '../../src/search/search-depth.ts';
import type { SearchInput } from '../../src/search/search-input.ts';
import { vectorOperands } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
import { seedAudience, seedAudienceOf } from '../support/access-list.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { seedClusterTexts } from '../support/seed-cluster-texts.ts';
import { seedClusters } from '../support/seed-clusters.ts';
import { statement } from '../support/statement.ts';
import { nearestTo, readVectors, type StoredVector } from '../support/stored-vectors.ts';

const tenantId = parseTenantId('large');
const chunks = 20_000;
const depth: SearchDepth = {
  ...{ kind: 'two-stage', stageOne: 'planned', candidates: 100, efSearch: 100, tier: 'hnsw', chunks },
  ...{ measuredRecall: null, measuredAt: null, reached: true },
};
const number = `(metadata ->> 'n')::int`;
/** Who belongs to what, and the documents that each then sees: those whose number, 0 to 9,999, is below a bound. */
const readers = {
  few: { groups: ['two percent'], bound: 200 },
  some: { groups: ['two percent', 'a fifth'], bound: 2_000 },
  all: { groups: ['two percent', 'a fifth', 'the rest'], bound: 10_000 },
  nobody: { groups: ['of another kind'], bound: 0 },
} as const;
type Reader = keyof typeof readers;
const principal = (reader: Reader) => principalOf('large', { groups: readers[reader].groups });

describeServer('a search of a tenant of 20,000 chunks that has a graph and access lists on every document', () => {
  let db: TestDatabase;
  let deps: SearchDeps;
  let stored: StoredVector[];
  let queries: StoredVector[];
  let numbers: Map<string, number>;

  beforeAll(async () => {
    db = await openTestDatabase({ statementTimeoutMs: 60_000 });
    await seedClusters(db.owner, 'large', chunks);
    await seedClusterTexts(db.owner, 'large');
    const lists = [
      ['two percent', `${number} < 200`],
      ['a fifth', `${number} >= 200 and ${number} < 2000`],
      ['the rest', `${number} >= 2000`],
    ] as const;
    for (const [group, condition] of lists) {
      const audience = await seedAudience(db.owner, 'large', { users: [], groups: [group] });
      await seedAudienceOf(db.owner, 'large', audience, condition);
    }
    for (const table of ['documents', 'chunks', 'embeddings']) await db.owner.query(`vacuum analyze tessera.${table}`);
    const owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 60_000, onIdleError: () => {} });
    await refreshTermStats(db.worker, tenantId);
    await reviewTiers(owner, { wordCrossover: 10_000 });
    await owner.close();
    stored = await readVectors(db.owner, 'large');
    queries = stored.filter((_, index) => index % 1_000 === 7);
    const { rows } = await db.owner.query<{ id: string; n: number }>(
      `select c.id, ${number} as n from chunks c join documents d on d.id = c.document_id`,
    );
    numbers = new Map(rows.map(({ id, n }) => [id, n]));
    const model = { name: 'static-en-512', dimensions: 512 };
    const embedder = { model, fusionWeights: { keyword: 1, semantic: 1 }, maxTokens: 8_000, maxBatch: 1 };
    deps = {
      database: db.database,
      embedder: { ...embedder, countTokens: () => 1, embed: async () => [queries[0]!.full] },
      modelId: 1,
      wordIndexes: async () => ['english'],
      hasAccessLists: async () => true,
      chooseDepth: async () => depth,
    };
  });
  afterAll(() => db.close());

  const mayRead = (reader: Reader, chunkId: string) => numbers.get(chunkId)! < readers[reader].bound;
  const byVector = (query: StoredVector, change: Partial<SearchInput> = {}): SearchInput => ({
    vector: [...query.full],
    groupBy: 'CHUNK',
    ...change,
  });

  /** Share of the ten nearest permitted chunks that searches find. */
  async function recallOf(
    reader: Reader,
    on: SearchDeps,
  ): Promise<{ recall: number; fewest: number; kinds: Set<string> }> {
    const permitted = stored.filter(({ chunkId }) => mayRead(reader, chunkId));
    const kinds = new Set<string>();
    let found = 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (const query of queries) {
      const answer = await search(on, principal(reader), byVector(query), { first: 10 });
      expect(answer.hits.every(({ chunk }) => mayRead(reader, chunk.id))).toBe(true);
      const nearest = nearestTo(query.full, permitted, 10).map(({ chunkId }) => chunkId);
      found += answer.hits.filter(({ chunk }) => nearest.includes(chunk.id)).length;
      fewest = Math.min(fewest, answer.hits.length);
      kinds.add(answer.stageOne?.kind ?? 'none');
    }
    return { recall: found / (10 * queries.length), fewest, kinds };
  }

  test.each(['few', 'some', 'all', 'nobody'] as const)(
    'an EXACT one misses nothing that brute force finds: %s',
    async (reader) => {
      const on: SearchDeps = { ...deps, chooseDepth: async () => ({ kind: 'exact' }) };
      const permitted = stored.filter(({ chunkId }) => mayRead(reader, chunkId));
      for (const query of queries.slice(0, 3)) {
        const input = byVector(query, { recall: { profile: 'EXACT' } });
        const { hits, stageOne } = await search(on, principal(reader), input, { first: 10 });
        expect(stageOne).toBeUndefined();
        expect(hits.map(({ chunk }) => chunk.id)).toEqual(
          nearestTo(query.full, permitted, 10).map(({ chunkId }) => chunkId),
        );
        expect(hits).toHaveLength(reader === 'nobody' ? 0 : 10);
      }
    },
  );

  test.each([
    ['2 %', 'few', 'filtered', 0.99],
    ['20 %', 'some', 'graph', 0.95],
    ['100 %', 'all', 'graph', 0.95],
  ] as const)(
    'by somebody who may see %s gives ten hits, and those that brute force finds',
    async (_, reader, kind, least) => {
      const { recall, fewest, kinds } = await recallOf(reader, deps);
      expect([...kinds]).toEqual([kind]);
      expect(fewest).toBe(10);
      expect(recall).toBeGreaterThanOrEqual(least);
    },
  );

  test('hides as much where the gateway does not know of the lists yet', async () => {
    const unaware = { ...deps, hasAccessLists: async () => false };
    for (const reader of ['few', 'some', 'all'] as const) {
      expect((await recallOf(reader, unaware)).fewest).toBe(10);
    }
    expect((await search(unaware, principal('nobody'), byVector(queries[0]!), { first: 10 })).hits).toEqual([]);
  });

  test.each(['SEMANTIC', 'KEYWORD', 'HYBRID'] as const)(
    'in mode %s gives nothing to somebody who may see nothing',
    async (mode) => {
      const ask = (reader: Reader) => search(deps, principal(reader), { text: 'word1 word2', mode }, { first: 10 });
      expect(await ask('nobody')).toMatchObject({ hits: [], hasNextPage: false, underfilled: undefined });
      expect((await ask('few')).hits).toHaveLength(10);
    },
  );

  test.each(['few', 'some', 'all'] as const)(
    'by words finds for reader %s what scoring every chunk finds',
    async (reader) => {
      const exact = { ...deps, wordIndexes: async () => [] };
      for (const text of ['word1', 'word7 word31', 'word3 word17 word42']) {
        const ask = async (on: SearchDeps) =>
          (await search(on, principal(reader), { text, mode: 'KEYWORD' }, { first: 10 })).hits.map(
            ({ score }) => score,
          );
        const [byIndex, every] = [await ask(deps), await ask(exact)];
        expect(byIndex).toHaveLength(10);
        expect(byIndex).toEqual(every);
      }
    },
  );

  test('reads of the covering indexes no more than may be seen', async () => {
    const { sql, parameters } = searchStatement(tenantId, {
      modelId: 1,
      semantic: {
        modelId: 1,
        ...vectorOperands(queries[0]!.full),
        depth: { kind: 'two-stage', candidates: 100, stageOne: { kind: 'covering' } },
      },
      keyword: { words: 'word1', candidates: 100, scan: { kind: 'exact' } },
      fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 1, semanticWeight: 1, rankConstant: 60 },
      selection: { filter: {}, exceptChunks: [], hasAccessLists: true },
      groupBy: 'DOCUMENT',
      withVectors: false,
      ...{ seen: [], limit: 11 },
    }).compile();
    const explain = statement<{ 'QUERY PLAN': string }>(`explain (analyze, costs off, timing off) ${sql}`, parameters);
    const lines = (await readAsTenant(db.database, principal('few'), explain)).map((row) => row['QUERY PLAN']);
    const permitted = [...numbers.keys()].filter((id) => mayRead('few', id)).length;
    for (const index of ['embeddings_exact', 'chunks_terms']) {
      const at = lines.findIndex((line) => line.includes(`Index Only Scan using ${index}`));
      expect(lines[at]).toContain(`rows=${permitted} `);
      expect(lines[at + 1]).toMatch(/Index Cond: .*audience = ANY/);
    }
  });

  test('is tuned and examined over the whole tenant, whoever may see how much of it', async () => {
    const curve = await calibrate({ database: db.database }, tenantId, {
      sample: 2,
      candidates: [100],
      efFactors: [1],
    });
    expect(curve).toMatchObject({ chunks, sample: 2 });
  });

  test('goes on page by page to the last document that may be seen, and not one further', async () => {
    const permitted = [...numbers].filter(([id]) => mayRead('few', id)).map(([id]) => id);
    for (const input of [byVector(queries[0]!), { text: 'word1 word2 word3', groupBy: 'CHUNK' as const }]) {
      const seen = new Set<string>();
      let after: string | undefined;
      do {
        const answer = await search(deps, principal('few'), input, { first: 100, after });
        for (const { chunk } of answer.hits) seen.add(chunk.id);
        after = answer.hasNextPage ? answer.cursorAt(answer.hits.length - 1) : undefined;
      } while (after);
      expect([...seen].sort()).toEqual(permitted.sort());
    }
  });
});
