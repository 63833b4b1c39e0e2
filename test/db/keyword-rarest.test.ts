import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAsTenant } from '../../src/db/tenant.ts';
import { parseTenantId } from '../../src/ids.ts';
import type { KeywordPlan, SearchPlan } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
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
    await refreshTermStats(db.worker, tenant);
    await db.owner.query(
      `create index on tessera.chunks using gin (tsv) where tenant_id = 'large' and language = 'english'`,
    );
    await db.owner.query('analyze tessera.chunks');
  });
  afterAll(() => db.close());

  async function find(words: string, scan: KeywordPlan['scan'], change: Partial<SearchPlan> = {}): Promise<string[]> {
    const plan: SearchPlan = {
      ...page,
      modelId: 1,
      fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
      keyword: { words, candidates: 100, scan },
      ...change,
    };
    const rows = await readAsTenant(db.database, principalOf(tenant), searchStatement(tenant, plan));
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
