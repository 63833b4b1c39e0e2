import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAsTenant } from '../../src/db/tenant.ts';
import type { ChunkId } from '../../src/ids.ts';
import { parseTenantId } from '../../src/ids.ts';
import { highlightsStatement, readHighlights } from '../../src/search/highlights.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';

const tenantId = parseTenantId('alpha');
const languages = ['english', 'german', 'simple'] as const;
const words = 'Waters pump-house 42 https://example.org/taps';

interface Text {
  readonly text: string;
  readonly language: string;
}

/** Tokens of 2,048 bytes and more, which PostgreSQL leaves out, and those just below. */
const blob = 'Zm9vYmFy'.repeat(300);
const longTokens = [
  blob,
  'x'.repeat(2_048),
  '水'.repeat(683),
  ' '.repeat(2_100),
  '\n'.repeat(2_048),
  `${'long-'.repeat(500)}end`,
];
const nearlyLong = ['y'.repeat(2_047), '水'.repeat(682), ' '.repeat(2_047), '.'.repeat(2_100)];
const marks = ['\uE000', '\uE001', '\uE001\uE000', 'wa\uE000ter', '\uE002'];
const plain = ['water', 'Waters', 'the', 'pump', 'house', 'pump-house', 'pump-house-keeper', '42', '-42', '4.2'];
const others = [
  'https://example.org/taps',
  'example.org/taps',
  '<b>water</b>',
  '&amp;',
  '🚰',
  'Wärme',
  '水',
  'a@b.org',
  '1e5',
  '/water/pump',
];
const separators = [' ', '\n\n', ', ', '-', '', '🚰 '];
const texts = fc.record({
  language: fc.constantFrom(...languages),
  text: fc
    .array(
      fc.tuple(
        fc.constantFrom(...longTokens, ...nearlyLong, ...marks, ...plain, ...plain, ...others),
        fc.constantFrom(...separators),
      ),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    .map((parts) => parts.flat().join('')),
});

let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
  await db.owner.query(`insert into tenants (id) values ('alpha')`);
  await db.owner.query(
    `insert into documents (tenant_id, id, collection, external_id, title, body, content_hash)
     values ('alpha', gen_random_uuid(), 'c', 'd', 't', 'b', sha256('b'))`,
  );
});
afterAll(() => db.close());

/** What each text has marked, in the order of the texts. */
async function marked(all: readonly Text[]): Promise<string[][]> {
  const { rows } = await db.owner.query<{ id: ChunkId }>(
    `with made as (
       select gen_random_uuid() as id, text, language, place from unnest($1::text[], $2::text[]) with ordinality as t (text, language, place)
     ), stored as (
       insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
       select 'alpha', made.id, d.id, (select count(*) from chunks) + place, '', text, 0, 0, made.language, sha256('c') from made, documents d
     ) select id from made order by place`,
    [all.map(({ text }) => text), all.map(({ language }) => language)],
  );
  const ids = rows.map(({ id }) => id);
  const read = await readAsTenant(db.database, principalOf('alpha'), highlightsStatement(tenantId, words, ids));
  const byId = new Map(read.map((row) => [row.id, readHighlights(row)]));
  return ids.map((id, index) => byId.get(id)!.map(({ start, end }) => all[index]!.text.slice(start, end)));
}

const english = (text: string): Text => ({ text, language: 'english' });

test('words are marked where they stand behind a token that is too long for PostgreSQL', async () => {
  for (const long of longTokens) {
    expect(await marked([english(`Water ${long} and water ${long}, waters`)]), long.slice(0, 9)).toEqual([
      ['Water', 'water', 'waters'],
    ]);
  }
});

test('words are marked where they stand in a text with the characters that mark them', async () => {
  expect(await marked([english('\uE000 Water \uE001\uE000, water \uE001 and waters \uE000')])).toEqual([
    ['Water', 'water', 'waters'],
  ]);
});

test('nothing is marked in a text without a word of the query, be it as long as it likes', async () => {
  expect(await marked([english(`${blob} \uE000tea\uE001`)])).toEqual([[]]);
});

test('whatever the text, what is marked is a word of the query in the language of the text, and none is left out', async () => {
  const all = fc.sample(texts, { numRuns: 300, seed: 7 });
  const found = await marked(all);
  const parts = found.flatMap((of, index) => of.map((part) => ({ part, language: all[index]!.language })));
  const { rows: wrong } = await db.owner.query(
    `select part from unnest($1::text[], $2::text[]) as p (part, language)
     where not tsvector_to_array(lexemes(language, part)) && tsvector_to_array(lexemes(language, $3))`,
    [parts.map(({ part }) => part), parts.map(({ language }) => language), words],
  );
  expect(parts.length).toBeGreaterThan(300);
  expect(wrong).toEqual([]);
  const { rows: counts } = await db.owner.query<{ n: number }>(
    `select (
       select count(*)::int from ts_debug(t.language::regconfig, t.text) d
       where d.alias not in ('url', 'numhword', 'asciihword', 'hword') and octet_length(d.token) < 2048
         and d.lexemes && tsvector_to_array(lexemes(t.language, $3))
     ) as n from unnest($1::text[], $2::text[]) with ordinality as t (text, language, place) order by place`,
    [all.map(({ text }) => text), all.map(({ language }) => language), words],
  );
  expect(found.map((of) => of.length)).toEqual(counts.map(({ n }) => n));
});
