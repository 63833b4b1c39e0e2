import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Scope, tenantScope, workerScope, writerScope } from '../../src/db/scope.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { type SeededTenant, seedEveryTable } from '../support/seed-every-table.ts';

let db: TestDatabase;
let alpha: SeededTenant;
let beta: SeededTenant;
const alphaScope = tenantScope(principalOf('alpha'));

beforeAll(async () => {
  db = await openTestDatabase();
  alpha = await seedEveryTable(db.owner, 'alpha', 'The lamp in the window is broken');
  beta = await seedEveryTable(db.owner, 'beta', 'A lamp and another lamp in the window');
});
afterAll(() => db.close());

/** `sparsevec` as text, `{3:0.5,9:2}/268435456`, as a map of its entries. */
function readSparse(text: string): Map<number, number> {
  const [, entries = '', dimensions] = /^\{(.*)\}\/(\d+)$/.exec(text) ?? [];
  expect(dimensions).toBe('268435456');
  return new Map(
    entries
      .split(',')
      .filter(Boolean)
      .map((entry) => entry.split(':').map(Number) as [number, number]),
  );
}

/** The dimension of a lexeme: 28 bits of md5, plus one. */
const termId = (lexeme: string) => Number.parseInt(createHash('md5').update(lexeme).digest('hex').slice(0, 7), 16) + 1;

async function bm25Terms(text: string, language = 'english'): Promise<Map<number, number>> {
  const { rows } = await db.owner.query<{ terms: string }>('select bm25_terms(lexemes($1, $2))::text as terms', [
    language,
    text,
  ]);
  return readSparse(rows[0]?.terms ?? '');
}

/** Term weights as the textbook has them, with k1 = 1.2, b = 0.75 and an average length of 100. */
function textbookWeights(lexemes: readonly string[]): Map<number, number> {
  const frequencies = new Map<number, number>();
  for (const lexeme of lexemes) frequencies.set(termId(lexeme), (frequencies.get(termId(lexeme)) ?? 0) + 1);
  const [k1, b, averageLength] = [1.2, 0.75, 100];
  const norm = k1 * (1 - b + (b * lexemes.length) / averageLength);
  return new Map([...frequencies].map(([term, tf]) => [term, (tf * (k1 + 1)) / (tf + norm)]));
}

function expectSameEntries(actual: Map<number, number>, expected: Map<number, number>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [term, weight] of expected) expect(actual.get(term)).toBeCloseTo(weight, 5);
}

describe('bm25_terms', () => {
  test('gives the weights of the textbook', async () => {
    // In `simple` nothing is stemmed or dropped, so the words are the lexemes.
    const words = fc.array(fc.constantFrom('lamp', 'window', 'door', 'key', 'stair', 'roof', 'bell'), {
      minLength: 1,
      maxLength: 250,
    });
    await fc.assert(
      fc.asyncProperty(words, async (text) => {
        expectSameEntries(await bm25Terms(text.join(' '), 'simple'), textbookWeights(text));
      }),
      { numRuns: 50 },
    );
  });

  test('counts the stems of a language and leaves its stop words out', async () => {
    const weights = await bm25Terms('The lamps of the lamp are the windows');
    expectSameEntries(weights, textbookWeights(['lamp', 'lamp', 'window']));
  });

  test('gives an empty vector for a text without words', async () => {
    expect(await bm25Terms('')).toEqual(new Map());
    expect(await bm25Terms('the of and')).toEqual(new Map());
  });

  test('counts a lexeme without positions once', async () => {
    const { rows } = await db.owner.query<{ terms: string }>(
      `select bm25_terms(strip(lexemes('simple', 'lamp lamp lamp')))::text as terms`,
    );
    expectSameEntries(readSparse(rows[0]?.terms ?? ''), textbookWeights(['lamp']));
  });

  test('keeps the 300 most frequent terms of a text with more, weighted by its whole length', async () => {
    const rare = Array.from({ length: 500 }, (_, i) => `word${i}`);
    const frequent = Array.from({ length: 20 }, (_, i) => `often${i}`).flatMap((word) => [word, word, word]);
    const text = [...rare, ...frequent];
    const weights = await bm25Terms(text.join(' '), 'simple');
    const all = textbookWeights(text);
    expect(weights.size).toBe(300);
    for (const word of frequent) expect(weights.has(termId(word))).toBe(true);
    for (const [term, weight] of weights) expect(weight).toBeCloseTo(all.get(term) ?? Number.NaN, 5);
    expect(await bm25Terms(rare.slice(0, 299).join(' '), 'simple')).toHaveProperty('size', 299);
  });

  test('leaves room for the longest entry in the covering index', async () => {
    const text = Array.from({ length: 2_000 }, (_, i) => `word${i}`).join(' ');
    const inserted = await tryInScope(
      db.database,
      writerScope(principalOf('alpha')),
      `insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
       values ('alpha', gen_random_uuid(), $1, 5, '', $2, 0, 1, 'simple', sha256('x')) returning id`,
      [alpha.documentId, text],
    );
    expect(inserted).toMatchObject({ count: 1 });
  });

  test('gives a lexeme the same dimension on every machine and version', async () => {
    const { rows } = await db.owner.query(
      `select term_id('lamp') as lamp, term_id('ü') as umlaut, term_id('') as nothing`,
    );
    expect(rows).toEqual([{ lamp: termId('lamp'), umlaut: termId('ü'), nothing: termId('') }]);
    expect(rows).toEqual([{ lamp: 40_087_004, umlaut: 201_539_851, nothing: 222_419_150 }]);
  });
});

describe('lexemes', () => {
  test('of an unknown language are those of `simple`, which stems nothing', async () => {
    const { rows } = await db.owner.query(
      `select lexemes('klingon', 'The lamps')::text as klingon, lexemes('simple', 'The lamps')::text as simple,
         lexemes('english', 'The lamps')::text as english`,
    );
    expect(rows).toEqual([{ klingon: `'lamps':2 'the':1`, simple: `'lamps':2 'the':1`, english: `'lamp':2` }]);
  });

  test('are those that the server makes, for every language that has a name here', async () => {
    const languages =
      'arabic danish dutch english finnish french german greek hungarian indonesian irish italian norwegian portuguese ' +
      'romanian russian simple spanish swedish turkish';
    const { rows } = await db.owner.query<{ name: string; own: string; server: string }>(
      `select name, lexemes(name, $2)::text as own, to_tsvector(('pg_catalog.' || name)::regconfig, $2)::text as server
       from unnest($1::text[]) name`,
      [
        languages.split(' '),
        'The running lamps, die laufenden Lampen, les lampes, le lampade, бегущие лампы, kirjastossa',
      ],
    );
    expect(rows).toHaveLength(20);
    for (const { name, own, server } of rows) expect(own, name).toBe(server);
    expect(new Set(rows.map(({ own }) => own)).size).toBeGreaterThan(10);
  });
});

describe('query_terms', () => {
  const setStats = async (tenantId: string, chunks: number, terms: Record<string, number>, language = 'english') => {
    await db.owner.query('delete from term_stats where tenant_id = $1', [tenantId]);
    await db.owner.query(
      `insert into corpus_stats (tenant_id, language, chunks) values ($1, $2, $3)
       on conflict (tenant_id, language) do update set chunks = excluded.chunks`,
      [tenantId, language, chunks],
    );
    for (const [word, holding] of Object.entries(terms)) {
      await db.owner.query('insert into term_stats (tenant_id, language, term, chunks) values ($1, $2, $3, $4)', [
        tenantId,
        language,
        termId(word),
        holding,
      ]);
    }
  };
  const idf = (n: number, df: number) => Math.log(1 + (n - df + 0.5) / (df + 0.5));

  async function queryTerms(
    query: string,
    scope: Scope = alphaScope,
    language = 'english',
  ): Promise<Map<number, number>> {
    const outcome = await tryInScope(db.database, scope, 'select query_terms($1, $2)::text as terms', [
      language,
      query,
    ]);
    if ('code' in outcome) throw new Error(outcome.code);
    return readSparse(String(outcome.rows[0]?.terms));
  }

  test('weighs a word by its inverse document frequency among the tenant’s chunks', async () => {
    await setStats('alpha', 1_000, { lamp: 900, window: 3 });
    expectSameEntries(
      await queryTerms('the lamps in the window'),
      new Map([
        [termId('lamp'), idf(1_000, 900)],
        [termId('window'), idf(1_000, 3)],
      ]),
    );
  });

  test('weighs each word once, however often it is asked', async () => {
    await setStats('alpha', 10, { lamp: 4 });
    expectSameEntries(await queryTerms('lamp lamps LAMP'), new Map([[termId('lamp'), idf(10, 4)]]));
  });

  test('weighs a word that was never counted as the rarest', async () => {
    await setStats('alpha', 10, { lamp: 4 });
    expectSameEntries(await queryTerms('zebra'), new Map([[termId('zebra'), idf(10, 0)]]));
  });

  test('weighs words before anything was counted, so that a new tenant’s first document is found', async () => {
    const fresh = tenantScope(principalOf('fresh'));
    expectSameEntries(await queryTerms('lamp', fresh), new Map([[termId('lamp'), idf(0, 0)]]));
  });

  test('gives no negative or infinite weight when the statistics lag behind', async () => {
    await setStats('alpha', 2, { lamp: 50 });
    const weights = await queryTerms('lamp');
    expect(weights.get(termId('lamp'))).toBeCloseTo(Math.log(1 + 0.5 / 50.5), 6);
  });

  test('knows the frequencies of its own tenant and of no other', async () => {
    await setStats('alpha', 100, { lamp: 10 });
    await setStats('beta', 500, { lamp: 400 });
    expect((await queryTerms('lamp')).get(termId('lamp'))).toBeCloseTo(idf(100, 10), 5);
    expect((await queryTerms('lamp', tenantScope(principalOf('beta')))).get(termId('lamp'))).toBeCloseTo(
      idf(500, 400),
      5,
    );
  });

  test('gives an empty vector for a query without words', async () => {
    expect(await queryTerms('the of !!! ')).toEqual(new Map());
  });

  test('with the weights of a chunk makes its BM25 score', async () => {
    await setStats('alpha', 100, { lamp: 10, window: 40 });
    const outcome = await tryInScope(
      db.database,
      alphaScope,
      `select -(terms <#> query_terms('english', 'lamp window')) as score from chunks where tenant_id = 'alpha' limit 1`,
    );
    // Title: one lexeme; the text adds lamp, window and broken.
    const weights = textbookWeights(['titl', 'lamp', 'window', 'broken']);
    const score =
      idf(100, 10) * (weights.get(termId('lamp')) ?? 0) + idf(100, 40) * (weights.get(termId('window')) ?? 0);
    expect('rows' in outcome && outcome.rows[0]?.score).toBeCloseTo(score, 4);
  });
});

describe('keyword_matches', () => {
  const match = (scope: Scope, conditions: string, language = 'english', database = db.database) =>
    tryInScope(database, scope, `select keyword_matches($1, $2::tsquery)::text as id order by 1`, [
      language,
      conditions,
    ]);
  const idsOf = (tenant: SeededTenant) => [tenant.chunkId, tenant.bareChunkId].sort().map((id) => ({ id }));

  test.each([`'lamp'`, `'lamp' & 'window'`, `!'zebra'`, `'zebra' | 'lamp'`, `'lamp':*`, `!('zebra' & 'zebra')`])(
    'gives the ids of the scope’s tenant only: %s',
    async (conditions) => {
      expect(await match(alphaScope, conditions)).toMatchObject({ rows: idsOf(alpha) });
      expect(await match(tenantScope(principalOf('beta')), conditions)).toMatchObject({ rows: idsOf(beta) });
      expect(await match(tenantScope(principalOf('gamma')), conditions)).toEqual({ rows: [], count: 0 });
    },
  );

  test('honours phrases, required and excluded words', async () => {
    expect(await match(alphaScope, `'lamp' <3> 'window'`)).toMatchObject({ rows: idsOf(alpha) });
    expect(await match(alphaScope, `'window' <3> 'lamp'`)).toEqual({ rows: [], count: 0 });
    expect(await match(alphaScope, `'lamp' & !'broken'`)).toEqual({ rows: [], count: 0 });
    expect(await match(tenantScope(principalOf('beta')), `'lamp' & !'broken'`)).toMatchObject({ rows: idsOf(beta) });
  });

  test('looks at chunks of its language only', async () => {
    expect(await match(alphaScope, `'lamp'`, 'german')).toEqual({ rows: [], count: 0 });
  });

  test('gives nothing where the scope has no tenant', async () => {
    expect(await match({ role: 'tessera_tenant' }, `'lamp'`)).toEqual({ rows: [], count: 0 });
    expect(await match({ role: 'tessera_tenant' }, `!'zebra'`)).toEqual({ rows: [], count: 0 });
  });

  test('is refused to whoever is no tenant: the worker, the operator, and a login outside a scope', async () => {
    const refused = { code: '42501' };
    expect(await match(workerScope(principalOf('alpha').tenantId), `'lamp'`, 'english', db.worker)).toEqual(refused);
    expect(await match({ role: 'tessera_operator' }, `'lamp'`)).toEqual(refused);
    await expect(db.database.pool.query(`select tessera.keyword_matches('english', 'lamp')`)).rejects.toMatchObject(
      refused,
    );
  });

  test('is not led astray by objects that a caller puts in front of the search path', async () => {
    const outcome = await db.whatIf(async (superuser) => {
      await superuser.query(`set local role tessera_tenant; set local tessera.tenant_id = 'alpha'`);
      await superuser.query(`create temporary table chunks (tenant_id text, id uuid, language text, tsv tsvector);
        create function pg_temp.current_tenant() returns text language sql return 'beta';
        set local search_path = pg_temp, tessera, public`);
      return (await superuser.query(`select tessera.keyword_matches('english', 'lamp')::text as id order by 1`)).rows;
    });
    expect(outcome).toEqual(idsOf(alpha));
  });
});
