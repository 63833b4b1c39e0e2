import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLanguage, languages } from '../../src/language.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

/** Inflected words and what the configuration of that name makes of them, so that no two give the same. */
const sample =
  "running Häuser chansons libros casas 'книгами' наборы κείμενα पुस्तकें வீடுகள் գրքեր evler kirjoissa knygomis";

describe('the languages', () => {
  test('are those that PostgreSQL 17 is delivered with, and every server has', async () => {
    const { rows } = await db.owner.query<{ name: string }>(
      `select cfgname as name from pg_ts_config where cfgnamespace = 'pg_catalog'::regnamespace`,
    );
    const there = rows.map(({ name }) => name);
    // PostgreSQL 18 brought Estonian, which 17 does not have.
    expect(there.filter((name) => name !== 'estonian').sort()).toEqual([...languages].sort());
    expect(isLanguage('german')).toBe(true);
    for (const name of ['German', 'estonian', 'klingon', '']) expect(isLanguage(name)).toBe(false);
  });

  test.each(languages)('%s is stemmed by its own configuration', async (language) => {
    const { rows } = await db.owner.query<{ ours: string; theirs: string }>(
      'select tessera.lexemes($1, $2)::text as ours, to_tsvector($1::regconfig, $2)::text as theirs',
      [language, sample],
    );
    expect(rows[0]?.ours).toBe(rows[0]?.theirs);
  });

  test('are the ones that the database takes, for collections and for chunks', async () => {
    const { rows } = await db.owner.query<{ name: string; known: boolean }>(
      'select name, tessera.is_language(name) as known from unnest($1::text[]) as name',
      [[...languages, 'klingon']],
    );
    expect(rows.filter(({ known }) => !known)).toEqual([{ name: 'klingon', known: false }]);
    await db.owner.query(`insert into tenants (id) values ('acme')`);
    const define = (language: string) =>
      db.owner.query('insert into collections (tenant_id, name, language) values ($1, $2, $2)', ['acme', language]);
    await expect(define('klingon')).rejects.toMatchObject({ code: '23514' });
    await define('tamil');
  });
});

describe('the words that are worth scoring', () => {
  const choose = async (words: readonly (readonly [string, number])[], corpus: number, budget: number) => {
    const { rows } = await db.owner.query<{ chosen: string | null }>(
      'select tessera.worth_scoring($1::text[], $2::int[], $3, $4, 100)::text as chosen',
      [words.map(([word]) => `'${word}'`), words.map(([, chunks]) => chunks), corpus, budget],
    );
    return rows[0]?.chosen ?? null;
  };
  const size = 200_000;

  test('are all of them where they are rare', async () => {
    expect(
      await choose(
        [
          ['a', 0],
          ['b', 900],
          ['c', 1_100],
        ],
        size,
        10_000,
      ),
    ).toBe("'a' | 'b' | 'c'");
  });

  test('are pairs of those that are common', async () => {
    expect(
      await choose(
        [
          ['a', 900],
          ['b', 8_000],
          ['c', 20_000],
        ],
        size,
        10_000,
      ),
    ).toBe("'a' | 'b' & 'c'");
    expect(
      await choose(
        [
          ['b', 20_000],
          ['c', 30_000],
        ],
        size,
        10_000,
      ),
    ).toBe("'b' & 'c'");
  });

  test('are as many as the budget holds, the rarest whatever its share', async () => {
    expect(
      await choose(
        [
          ['a', 9_000],
          ['b', 50_000],
          ['c', 60_000],
        ],
        size,
        10_000,
      ),
    ).toBe("'a'");
  });

  test('are none, and every chunk is scored, where they would find nothing or perhaps fewer than are wanted of more', async () => {
    expect(await choose([['a', 20_000]], size, 10_000)).toBeNull();
    expect(
      await choose(
        [
          ['a', 99],
          ['b', 20_000],
        ],
        size,
        10_000,
      ),
    ).toBeNull();
    expect(
      await choose(
        [
          ['a', 100],
          ['b', 20_000],
        ],
        size,
        10_000,
      ),
    ).toBe("'a'");
    expect(await choose([['a', 99]], size, 10_000)).toBe("'a'");
    expect(await choose([], size, 10_000)).toBeNull();
  });

  test('stay few, however long the question', async () => {
    const words = Array.from({ length: 60 }, (_, index) => [`w${index}`, 3_000 + index] as const);
    const chosen = (await choose(words, size, 100_000)) ?? '';
    expect(chosen.split('|').length).toBeLessThan(45);
  });
});
