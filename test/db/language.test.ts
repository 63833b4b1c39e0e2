import { afterAll, beforeAll, expect, test } from 'vitest';
import { isLanguage, languages } from '../../src/language.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

test('the languages are the built-in text search configurations of the server', async () => {
  const { rows } = await db.owner.query<{ name: string }>(
    `select cfgname as name from pg_ts_config where cfgnamespace = 'pg_catalog'::regnamespace order by 1`,
  );
  expect(rows.map(({ name }) => name)).toEqual([...languages].sort());
  expect(languages.every(isLanguage)).toBe(true);
  expect(['klingon', 'German', '', null].some(isLanguage)).toBe(false);
});
