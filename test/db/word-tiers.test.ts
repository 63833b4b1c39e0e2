import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { readInFlight } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { scopeStatement, tenantScope } from '../../src/db/scope.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import { type PlanNode, tableScans } from '../../src/doctor/plan-node.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createTunedSearch } from '../../src/recall/tuned-search.ts';
import type { SearchPlan } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import type { BuildProgress } from '../../src/tiers/build-index.ts';
import { readTierStatus } from '../../src/tiers/read-tier-status.ts';
import { reviewTiers, type TierReview } from '../../src/tiers/review-tiers.ts';
import { createWordIndexStatement, wordIndexName } from '../../src/tiers/word-index.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { openClient } from '../support/operations.ts';
import { principalOf } from '../support/principal.ts';
import { seedTenant } from '../support/seed.ts';
import { statement } from '../support/statement.ts';

const large = parseTenantId('large');
const target = { tenantId: large, language: 'english' };
const index = wordIndexName(target);
/** Makes a tenant of 6,000 chunks a large one, and one of 1,500 a small one. */
const wordCrossover = 4_000;
const chunks = 6_000;
const question = 'word2950 word2800 word1500 word40 word2';

let api: TestGateway;
let owner: Database;

const stepsOf = ({ changes }: TierReview) => changes.map(({ step, kind, state }) => [step, kind, state?.target]);
const wordsOf = async (tenantId: string) =>
  (await readTierStatus(api.db.database)).words.find((one) => one.tenantId === tenantId);
const invalidate = () =>
  api.db.owner.query('update pg_index set indisvalid = false where indexrelid = $1::regclass', [`tessera.${index}`]);

async function shrink(to: number): Promise<void> {
  await api.db.owner.query(
    `delete from documents where tenant_id = 'large' and id in (select id from documents where tenant_id = 'large' order by id offset $1)`,
    [to],
  );
  await refreshTermStats(api.db.worker, large);
}

function planOf(words: string, scan: NonNullable<SearchPlan['keyword']>['scan']): SearchPlan {
  return {
    modelId: 1,
    keyword: { words, candidates: 100, scan },
    fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
    selection: { filter: {}, exceptChunks: [] },
    groupBy: 'DOCUMENT',
    withVectors: false,
    seen: [],
    limit: 10,
  };
}
/** Plans of what functions run for a statement, as the server tells them to the gateway's own login in its own scope. */
async function plansInFunctions(asked: { compile(): { sql: string; parameters: readonly unknown[] } }) {
  const { rows } = await api.db.owner.query<{ name: string }>('select current_database() as name');
  const [login, database] = [new URL(api.db.urls.gateway).username, rows[0]?.name ?? ''];
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_format': 'json',
    client_min_messages: 'log',
  };
  const role = `alter role ${login} in database ${database}`;
  const client = new pg.Client({ connectionString: api.db.urls.gateway });
  const notices: string[] = [];
  client.on('notice', ({ message = '' }) => notices.push(message));
  try {
    for (const [name, value] of Object.entries(settings)) await api.db.owner.query(`${role} set ${name} = '${value}'`);
    await client.connect();
    const scope = scopeStatement(tenantScope(principalOf(large)), api.db.database.scopeDefaults);
    await client.query(`begin read only; ${scope}`);
    const { sql, parameters } = asked.compile();
    await client.query(sql, [...parameters]);
    await client.query('rollback');
  } finally {
    await client.end();
    for (const name of Object.keys(settings)) await api.db.owner.query(`${role} reset ${name}`);
  }
  return notices.flatMap((message) => {
    const told = /plan:\s*(\{.*\})\s*$/s.exec(message)?.[1];
    if (!told) return [];
    const { 'Query Text': text, Plan: plan } = JSON.parse(told) as { 'Query Text': string; Plan: PlanNode };
    return [{ text, plan }];
  });
}

const byIndex = { kind: 'rarest', languages: ['english'], rowBudget: chunks / 10 } as const;

describeServer('word indexes', () => {
  beforeAll(async () => {
    api = await openTestGateway({ statementTimeoutMs: 60_000 });
    const { db } = api;
    owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 20_000, onIdleError: () => {} });
    await seedTenant(db.owner, large, chunks);
    await seedTenant(db.owner, 'small', 1_500);
    for (const tenant of ['large', 'small']) await refreshTermStats(db.worker, parseTenantId(tenant));
  });
  afterAll(async () => {
    await owner.close();
    await api.close();
  });

  test('are built where a language is large, told to searches once they are valid, and left out where it is not', async () => {
    const before = createTunedSearch({ database: api.db.database });
    expect(await before.wordIndexes(principalOf(large))).toEqual([]);
    const progress: BuildProgress[] = [];
    const review = await reviewTiers(owner, { wordCrossover, onProgress: (one) => progress.push(one) });
    expect(stepsOf(review)).toEqual([['build', 'words', target]]);
    expect(progress.every(({ kind, index: name }) => kind === 'words' && name === index)).toBe(true);
    expect(await wordsOf('large')).toMatchObject({
      ...target,
      chunks,
      isRecorded: true,
      index: { name: index, valid: true },
    });
    expect(await wordsOf('small')).toEqual({
      tenantId: 'small',
      language: 'english',
      chunks: 1_500,
      isRecorded: false,
    });
    const after = createTunedSearch({ database: api.db.database });
    expect(await after.wordIndexes(principalOf(large))).toEqual(['english']);
    expect(await after.wordIndexes(principalOf('small'))).toEqual([]);
    expect(stepsOf(await reviewTiers(owner, { wordCrossover }))).toEqual([]);
  });

  test('are what searches of the tenant then use, and nothing is read from end to end', async () => {
    const scansOf = (name: string) => `pg_stat_get_xact_numscans('tessera.${name}'::regclass)::int`;
    const counted = statement<{ words: number; table: number }>(
      `select ${scansOf(index)} as words, ${scansOf('chunks')} as "table"`,
    );
    const run = async (scan: NonNullable<SearchPlan['keyword']>['scan']) => {
      const [[start], rows, [end]] = await readInFlight(api.db.database, tenantScope(principalOf(large)), [
        counted,
        searchStatement(large, planOf(question, scan)),
        counted,
      ]);
      return { rows: rows.length, words: end!.words - start!.words, table: end!.table - start!.table };
    };
    expect(await run(byIndex)).toEqual({ rows: 10, words: 1, table: 0 });
    expect(await run({ kind: 'exact' })).toEqual({ rows: 10, words: 0, table: 0 });
  });

  test('are planned as a bitmap scan of the tenant’s own index, by what the gateway sends as its login', async () => {
    for (const words of ['word2950 word1500', 'word2 word40', question]) {
      const plans = await plansInFunctions(searchStatement(large, planOf(words, byIndex)));
      const found = plans.filter(({ text }) => text.includes('c.tsv @@ words'));
      expect(found, words).toHaveLength(1);
      const scans = tableScans(found[0]!.plan).filter(({ table }) => table === 'chunks');
      expect(scans.map(({ node, indexes }) => [node['Node Type'], indexes])).toEqual([['Bitmap Heap Scan', [index]]]);
    }
    // The control: without the index the same statement is planned otherwise.
    await invalidate();
    try {
      const [found] = (await plansInFunctions(searchStatement(large, planOf('word2950', byIndex)))).filter(({ text }) =>
        text.includes('c.tsv @@ words'),
      );
      expect(tableScans(found!.plan).flatMap(({ indexes }) => indexes)).not.toContain(index);
    } finally {
      await api.db.owner.query('update pg_index set indisvalid = true where indexrelid = $1::regclass', [
        `tessera.${index}`,
      ]);
    }
  });

  test('are chosen by the gateway, which says so, and left aside where nothing may be missed', async () => {
    const [client, other] = [await openClient(api, large), await openClient(api, 'small')];
    const query = `query($input: SearchInput!) { search(input: $input) { ... on SearchConnection { edges { node { externalId } }
      explain { strategy stages { name in out } } } } }`;
    interface Answer {
      search: { edges: { node: { externalId: string } }[]; explain: { strategy: string } };
    }
    const ask = async (who: typeof client, change: object = {}) =>
      (await who.query<Answer>(query, { input: { text: question, mode: 'KEYWORD', ...change } })).search;
    const found = await ask(client);
    expect(found.explain.strategy).toBe('KEYWORD, words by index (english), 10000 chunks at most');
    const exact = await ask(client, { recall: { profile: 'EXACT' } });
    expect(exact.explain.strategy).toBe('KEYWORD, words in every chunk');
    expect(found.edges).toEqual(exact.edges);
    expect((await ask(other)).explain.strategy).toBe('KEYWORD, words in every chunk');
    // One is rare and finds too few by itself, and the other is in every chunk: then all are scored, index or not.
    const common = await ask(client, { text: 'word2950 title' });
    expect(common.explain.strategy).toBe('KEYWORD, words in every chunk');
    const whole = await ask(client, { text: 'word2950 title', recall: { profile: 'EXACT' } });
    expect(common.edges).toEqual(whole.edges);
  });

  test('give at least 0.99 of the exact top ten from a tenth of the chunks', async () => {
    const top = async (words: string, scan: NonNullable<SearchPlan['keyword']>['scan']) =>
      (await readAsTenant(api.db.database, principalOf(large), searchStatement(large, planOf(words, scan)))).map(
        ({ itemId }) => itemId,
      );
    let common = 0;
    const questions = Array.from(
      { length: 60 },
      (_, seed) => `word${2_999 - seed * 7} word${2_500 - seed * 11} word${1_000 + seed} word${50 + seed}`,
    );
    for (const words of questions) {
      const exact = await top(words, { kind: 'exact' });
      const near = await top(words, byIndex);
      common += exact.filter((id) => near.includes(id)).length / exact.length / questions.length;
    }
    expect(common).toBeGreaterThanOrEqual(0.99);
  });

  test('find a chunk in the commit that writes it', async () => {
    const client = await openClient(api, large);
    await client.upsert([{ externalId: 'fresh', collection: 'c', title: 'Fresh', body: 'A zyzzyva sat on word2950.' }]);
    const found = await client.search({ text: 'zyzzyva word2950 word1500 word40', mode: 'KEYWORD' });
    expect(found.edges[0]?.node.externalId).toBe('fresh');
    await api.embedAll();
  });

  test('serve their own language alone, and the explanation tells it from the others', async () => {
    const client = await openClient(api, large);
    await client.define({ name: 'g', language: 'GERMAN' });
    await client.upsert([
      { externalId: 'frisch', collection: 'g', title: 'Frisch', body: 'Ein Zyzzyva saß auf word2950.' },
    ]);
    const { search } = await client.query<{ search: { explain: { strategy: string } } }>(
      'query($input: SearchInput!) { search(input: $input) { ... on SearchConnection { explain { strategy } } } }',
      { input: { text: question, mode: 'KEYWORD' } },
    );
    expect(search.explain.strategy).toBe(
      'KEYWORD, words by index (english), 10000 chunks at most, in every chunk of the others (german)',
    );
    await api.db.owner.query(`delete from documents where external_id = 'frisch'`);
    await api.embedAll();
  });

  test('are adopted where nobody recorded them, rebuilt where a build was interrupted, and cleared away with their tenant', async () => {
    await api.db.owner.query(`update corpus_stats set word_index = null where tenant_id = 'large'`);
    expect(stepsOf(await reviewTiers(owner, { wordCrossover }))).toEqual([['adopt', 'words', target]]);
    await invalidate();
    expect(await wordsOf('large')).toMatchObject({ isRecorded: true, index: { valid: false } });
    expect(stepsOf(await reviewTiers(owner, { wordCrossover }))).toEqual([['rebuild', 'words', target]]);
    expect(await wordsOf('large')).toMatchObject({ isRecorded: true, index: { valid: true } });
    const gone = { tenantId: parseTenantId('gone'), language: 'german' };
    await api.db.owner.query(createWordIndexStatement(gone).compile().sql);
    await api.db.owner.query(`create index my_words on chunks using gin (tsv) where tenant_id = 'nobody'`);
    expect((await readTierStatus(api.db.database)).orphans).toMatchObject([{ name: wordIndexName(gone) }]);
    expect(stepsOf(await reviewTiers(owner, { wordCrossover }))).toEqual([['drop', 'words', undefined]]);
    expect((await api.db.owner.query(`select 1 from pg_class where relname = 'my_words'`)).rows).toHaveLength(1);
  });

  test('are kept while a tenant shrinks a little and dropped when it has shrunk a lot; searches go on either way', async () => {
    await shrink(3_000);
    expect(stepsOf(await reviewTiers(owner, { wordCrossover }))).toEqual([]);
    await shrink(2_000);
    expect(stepsOf(await reviewTiers(owner, { wordCrossover }))).toEqual([['drop', 'words', target]]);
    expect(await wordsOf('large')).toMatchObject({ isRecorded: false });
    // A gateway that has not heard of it yet finds the same, only slower.
    const rows = await readAsTenant(
      api.db.database,
      principalOf(large),
      searchStatement(large, planOf(question, byIndex)),
    );
    const exact = await readAsTenant(
      api.db.database,
      principalOf(large),
      searchStatement(large, planOf(question, { kind: 'exact' })),
    );
    expect(rows.map(({ itemId }) => itemId)).toEqual(exact.map(({ itemId }) => itemId));
  });
});
