import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAsTenant } from '../../src/db/tenant.ts';
import { parseTenantId } from '../../src/ids.ts';
import { type KeywordPlan, type SearchPlan, vectorOperands } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { normaliseVector } from '../../src/vector.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
import { seedAudience, seedAudienceOf } from '../support/access-list.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { seedTenant } from '../support/seed.ts';

const tenant = parseTenantId('large');
const chunks = 4_000;
const page = {
  selection: { filter: {}, exceptChunks: [] },
  groupBy: 'DOCUMENT',
  withVectors: false,
  seen: [],
  limit: 20,
} as const;

describe('keyword candidates from the rarest words', () => {
  let db: TestDatabase;

  beforeAll(async () => {
    db = await openTestDatabase({ statementTimeoutMs: 60_000 });
    await seedTenant(db.owner, tenant, chunks);
    await seedTenant(db.owner, 'other', 500);
    for (const each of [tenant, parseTenantId('other')]) await refreshTermStats(db.worker, each);
    await db.owner.query(
      `create index on tessera.chunks using gin (tsv) where tenant_id = 'large' and language = 'english'`,
    );
    await db.owner.query('analyze tessera.chunks');
  });
  afterAll(() => db.close());

  async function find(
    words: string,
    scan: KeywordPlan['scan'],
    change: Partial<SearchPlan> = {},
    principal = principalOf(tenant),
  ): Promise<string[]> {
    const plan: SearchPlan = {
      ...page,
      modelId: 1,
      fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
      keyword: { words, candidates: 100, scan },
      ...change,
    };
    const rows = await readAsTenant(db.database, principal, searchStatement(principal.tenantId, plan));
    return rows.map((row) => row.externalId ?? '');
  }

  const question = 'word2950 word2800 word1500 word40 word2';

  it('give the exact ranking when the budget holds every chunk with any of the words', async () => {
    const exact = await find(question, { kind: 'exact' });
    expect(exact).toHaveLength(20);
    expect(await find(question, { kind: 'rarest', languages: ['english'], rowBudget: 100_000 })).toEqual(exact);
  });

  it('give nearly the exact top ten from a budget of a tenth of the chunks', async () => {
    let common = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const words = `word${2_999 - seed * 7} word${2_500 - seed * 11} word${1_000 + seed} word${seed}`;
      const exact = (await find(words, { kind: 'exact' })).slice(0, 10);
      const near = (await find(words, { kind: 'rarest', languages: ['english'], rowBudget: chunks / 10 })).slice(0, 10);
      common += exact.filter((name) => near.includes(name)).length / exact.length;
    }
    expect(common / 20).toBeGreaterThan(0.95);
  });

  it('fall back to the exact scan when already the rarest word is over the budget', async () => {
    expect(await find('word1 word2', { kind: 'rarest', languages: ['english'], rowBudget: 5 })).toEqual(
      await find('word1 word2', { kind: 'exact' }),
    );
  });

  it('keep to a filter, as full as the data allow', async () => {
    const selection = { collections: ['c3'], filter: {}, exceptChunks: [] };
    const exact = await find(question, { kind: 'exact' }, { selection });
    expect(exact.length).toBeGreaterThan(0);
    expect(await find(question, { kind: 'rarest', languages: ['english'], rowBudget: 100_000 }, { selection })).toEqual(
      exact,
    );
  });

  describe('of a filtered search', () => {
    /** A tenth of the chunks: up to 100 that a filter permits are scored one by one. */
    const few = { kind: 'rarest', languages: ['english'], rowBudget: 400 } as const;
    const selected = (selection: Partial<SearchPlan['selection']>) => ({
      selection: { filter: {}, exceptChunks: [], ...selection },
    });
    const below = (n: number) => selected({ filter: { metadata: [{ key: 'n', number: { lt: n } }] } });

    it.each<[string, Partial<SearchPlan>]>([
      ['a filter that permits few, each scored', below(90)],
      ['a filter that permits many, of which the index finds too few', selected({ collections: ['c3'] })],
      ['a filter that permits nothing', below(0)],
      ['a phrase', { conditions: '"word1 word2"' }],
      ['a required word and a filter', { ...below(900), conditions: '"word7"' }],
      ['an excluded word', { conditions: '-"word40"' }],
    ])('are all that it permits: %s', async (_, change) => {
      for (const words of [question, 'word2990 word5 word2', 'word2 word3']) {
        const exact = await find(words, { kind: 'exact' }, { ...change, limit: 100 });
        expect(await find(words, few, { ...change, limit: 100 })).toEqual(exact);
        expect(exact.length > 0).toBe(change.selection?.filter.metadata?.[0]?.number?.lt !== 0);
      }
    });

    it('are those with the rarest words where these are enough', async () => {
      const change = selected({ collections: ['c1', 'c2', 'c3', 'c4', 'c5'] });
      const words = 'word2700 word2 word3';
      const keyword = { words, candidates: 5, scan: few };
      const exact = await find(words, { kind: 'exact' }, { ...change, limit: 100 });
      const near = await find(words, few, { ...change, keyword, limit: 100 });
      expect(near.slice(0, 3)).toEqual(exact.slice(0, 3));
      expect(near).toHaveLength(5);
    });

    it('are all that the caller may see, of lists alone', async () => {
      const mia = principalOf('other', { subject: 'mia' });
      const audiences = await Promise.all(
        ['mia', 'joe'].map((user) => seedAudience(db.owner, 'other', { users: [user], groups: [] })),
      );
      const number = `(metadata ->> 'n')::int`;
      await seedAudienceOf(db.owner, 'other', audiences[0]!, `${number} <= 60`);
      await seedAudienceOf(db.owner, 'other', audiences[1]!, `${number} > 60`);
      for (const words of [question, 'word2 word3']) {
        const change = { ...selected({ hasAccessLists: true }), limit: 100 };
        const exact = await find(words, { kind: 'exact' }, change, mia);
        expect(exact.length).toBeGreaterThan(5);
        // Each scored, and more than that.
        for (const rowBudget of [400, 40]) {
          expect(await find(words, { ...few, rowBudget }, change, mia)).toEqual(exact);
        }
      }
    });

    it('give every permitted document of a HYBRID search with one of the words its keyword vote', async () => {
      const full = Float32Array.from({ length: 512 }, (_, index) => Math.sin(index) / 16);
      const depth = {
        kind: 'two-stage' as const,
        candidates: 100,
        stageOne: { kind: 'counted' as const, permittedBudget: 500 },
      };
      const words = 'word2990 word5 word2';
      const rows = await readAsTenant(
        db.database,
        principalOf(tenant),
        searchStatement(tenant, {
          ...page,
          ...below(80),
          modelId: 1,
          fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
          semantic: { modelId: 1, ...vectorOperands(normaliseVector(full)), depth },
          keyword: { words, candidates: 100, scan: few },
          limit: 100,
        }),
      );
      const voted = rows.filter(({ keywordScore }) => keywordScore !== null).map(({ externalId }) => externalId ?? '');
      expect(voted.sort()).toEqual((await find(words, { kind: 'exact' }, { ...below(80), limit: 100 })).sort());
      expect(rows).toHaveLength(79);
    });
  });

  it('never reach another tenant', async () => {
    const { rows } = await db.owner.query<{ n: number }>(
      `select count(*)::int as n from tessera.chunks where tenant_id = 'other' and tsv @@ 'word2 | word40'::tsquery`,
    );
    expect(rows[0]!.n).toBeGreaterThan(0);
    const statement = searchStatement(parseTenantId('other'), {
      ...page,
      modelId: 1,
      fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
      keyword: {
        words: question,
        candidates: 100,
        scan: { kind: 'rarest', languages: ['english'], rowBudget: 100_000 },
      },
    });
    expect(await readAsTenant(db.database, principalOf(tenant), statement)).toEqual([]);
  });
});
