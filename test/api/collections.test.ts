import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient, type UpsertInput } from '../support/operations.ts';

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());

const note = (collection: string, externalId: string, change: Partial<UpsertInput> = {}): UpsertInput => ({
  ...{ externalId, collection, title: 'A note', body: 'The body of the note.' },
  ...change,
});
const year = (number: object) => ({ attributes: [{ name: 'year', number }] });
const list = async (filter: unknown) => externalIds(await client.documents(filter, { first: 100 }));

async function storedLanguages(collection: string): Promise<string[]> {
  const { rows } = await gateway.db.owner.query<{ language: string }>(
    `select distinct unnest(array[d.language, c.language]) as language
     from documents d join chunks c on c.tenant_id = d.tenant_id and c.document_id = d.id
     where d.collection = $1 order by 1`,
    [collection],
  );
  return rows.map(({ language }) => language);
}

async function countAttributes(externalId: string): Promise<number> {
  const { rows } = await gateway.db.owner.query<{ n: number }>(
    `select count(*)::int as n from document_attributes a
     join documents d on d.tenant_id = a.tenant_id and d.id = a.document_id where d.external_id = $1`,
    [externalId],
  );
  return rows[0]!.n;
}

describe('a collection', () => {
  test('is defined before it has documents, and listed', async () => {
    const attributes = [
      { name: 'year', type: 'NUMBER' },
      { name: 'tags', type: 'TEXT_LIST' },
    ];
    const defined = await client.define({ name: 'early', language: 'GERMAN', attributes });
    const collection = { name: 'early', language: 'GERMAN', documents: 0, attributes };
    expect(defined).toMatchObject({ unfitValues: 0, collection });
    const query = '{ collections { name language documents attributes { name type } } }';
    const { collections } = await client.query<{ collections: unknown[] }>(query);
    expect(collections).toContainEqual(collection);
    await client.upsert([note('early', 'e'), note('unsaid', 'u')]);
    const { collections: later } = await client.query<{ collections: unknown[] }>(query);
    expect(later).toContainEqual({ ...collection, documents: 1 });
    expect(later).toContainEqual({ name: 'unsaid', language: 'ENGLISH', documents: 1, attributes: [] });
  });

  test('gives its language to its documents and their passages, unless a document has one of its own', async () => {
    await client.define({ name: 'deutsch', language: 'GERMAN' });
    await client.upsert([note('deutsch', 'd1', { body: 'Die Häuser stehen leer.' })]);
    expect(await storedLanguages('deutsch')).toEqual(['german']);
    const { rows } = await gateway.db.owner.query(
      `select tsv::text as tsv from chunks c join documents d on d.id = c.document_id where d.external_id = 'd1'`,
    );
    expect(rows).toEqual([{ tsv: expect.stringContaining("'haus'") }]);
    await client.upsert([note('deutsch', 'd2', { language: 'FRENCH' })]);
    expect(await storedLanguages('deutsch')).toEqual(['french', 'german']);
    const { documents } = await client.query<{ documents: { edges: { node: object }[] } }>(
      '{ documents(filter: { externalId: { eq: "d2" } }) { edges { node { language } } } }',
    );
    expect(documents.edges).toEqual([{ node: { language: 'FRENCH' } }]);
  });

  test('keeps its language while it holds documents, and may change it when it is empty', async () => {
    const [stored] = await client.upsert([note('fixed', 'f')]);
    const refused = await client.tryDefine({ name: 'fixed', language: 'GERMAN' });
    expect(refused).toMatchObject({
      __typename: 'CollectionError',
      code: 'COLLECTION_NOT_EMPTY',
      message: expect.stringMatching(/"fixed" holds 1 documents .* english.* german/),
    });
    await client.define({ name: 'fixed', language: 'ENGLISH', attributes: [{ name: 'year', type: 'NUMBER' }] });
    await client.delete([stored!.id]);
    expect((await client.define({ name: 'fixed', language: 'GERMAN' })).collection).toMatchObject({
      language: 'GERMAN',
      attributes: [],
    });
  });

  test('says how its documents are divided, those that are written again included', async () => {
    const body = `# Part\n\n${'Every word of it counts here. '.repeat(40)}`;
    const chunksOf = async () =>
      (
        await gateway.db.owner.query<{ context: string; words: number }>(
          `select c.context, array_length(regexp_split_to_array(c.text, '\\s+'), 1) as words
           from chunks c join documents d on d.tenant_id = c.tenant_id and d.id = c.document_id
           where d.external_id = 'divided' order by c.ordinal`,
        )
      ).rows;
    await client.upsert([note('parts', 'divided', { body })]);
    const usual = await chunksOf();
    expect(usual.at(-1)?.context).toBe('A note > Part');
    expect(Math.max(...usual.map(({ words }) => words))).toBeGreaterThan(100);

    const chunking = { kind: 'SENTENCE', maxTokens: 64, overlapTokens: 0, context: 'TITLE' };
    expect((await client.define({ name: 'parts', chunking })).collection).toMatchObject({ name: 'parts' });
    const query = '{ collections { name chunking { kind maxTokens overlapTokens context } } }';
    const { collections } = await client.query<{ collections: unknown[] }>(query);
    expect(collections).toContainEqual({ name: 'parts', chunking });
    expect(await chunksOf()).toEqual(usual);
    const [again] = await client.upsert([note('parts', 'divided', { body })]);
    expect(again).toMatchObject({ status: 'UPDATED' });
    const divided = await chunksOf();
    expect(divided.length).toBeGreaterThan(usual.length);
    for (const { context, words } of divided) {
      expect(context).toBe('A note');
      expect(words).toBeLessThanOrEqual(64);
    }
    expect((await client.upsert([note('parts', 'divided', { body })]))[0]).toMatchObject({ status: 'UNCHANGED' });

    await client.define({ name: 'parts' });
    await client.upsert([note('parts', 'divided', { body })]);
    expect(await chunksOf()).toEqual(usual);
    const { collections: later } = await client.query<{ collections: unknown[] }>(query);
    const nothing = { kind: 'AUTO', maxTokens: null, overlapTokens: null, context: 'TITLE_AND_HEADINGS' };
    expect(later).toContainEqual({ name: 'parts', chunking: nothing });
  });

  test('shows in each hit what was embedded with it, and finds nothing by what was not', async () => {
    await client.define({ name: 'bare', chunking: { context: 'NONE' } });
    const zebra = { title: 'Zebra crossing', body: 'Cars stop for people.' };
    await client.upsert([note('bare', 'bare', zebra), note('dressed', 'dressed', zebra)]);
    const { search } = await client.query<{ search: { edges: { node: object; chunk: object }[] } }>(
      `{ search(input: { text: "zebra", mode: KEYWORD }) {
        ... on SearchConnection { edges { node { externalId } chunk { context text } } }
      } }`,
    );
    expect(search.edges).toEqual([
      { node: { externalId: 'dressed' }, chunk: { context: 'Zebra crossing', text: 'Cars stop for people.' } },
    ]);
    const byText = await client.search({ text: 'cars', mode: 'KEYWORD', collections: ['bare'] });
    expect(externalIds(byText)).toEqual(['bare']);
  });

  test.each<[string, object, RegExp]>([
    ['chunks that are too small', { chunking: { maxTokens: 31 } }, /at most 31 tokens; 32 to 2000/],
    ['an overlap of half a chunk', { chunking: { maxTokens: 64, overlapTokens: 32 } }, /repeat 32 tokens; 0 to less/],
    ['an overlap of nothing', { chunking: { overlapTokens: 8 } }, /say maxTokens beside overlapTokens/],
    ['an empty name', { name: ' ' }, /name of the collection is empty/],
    ['a name that is too long', { name: 'x'.repeat(65) }, /65 characters; at most 64/],
    ['a name with NUL', { name: 'a\0' }, /NUL/],
    ['an attribute of an unusable name', { attributes: [{ name: 'a b', type: 'TEXT' }] }, /"a b" is not usable/],
    ['an attribute of a long name', { attributes: [{ name: 'x'.repeat(64), type: 'TEXT' }] }, /is not usable/],
    [
      'two attributes of one name',
      {
        attributes: [
          { name: 'a', type: 'TEXT' },
          { name: 'a', type: 'NUMBER' },
        ],
      },
      /"a" is declared twice/,
    ],
    [
      '33 attributes',
      { attributes: Array.from({ length: 33 }, (_, i) => ({ name: `a${i}`, type: 'TEXT' })) },
      /33 attributes; at most 32/,
    ],
  ])('is not defined with %s', async (_, change, message) => {
    expect(await client.tryDefine({ name: 'faulty', ...change })).toMatchObject({
      __typename: 'CollectionError',
      code: 'INVALID_COLLECTION',
      message: expect.stringMatching(message),
    });
  });

  test('may have 32 attributes of names as long as they may be', async () => {
    const attributes = Array.from({ length: 32 }, (_, i) => ({ name: `a${i}.${'x'.repeat(58)}`, type: 'TEXT' }));
    expect((await client.define({ name: 'full', attributes })).collection.attributes).toEqual(attributes);
  });

  test('is defined by those who may write, and is the tenant’s own', async () => {
    const reader = await gateway.tokenFor('alpha', ['search', 'documents:read']);
    const mutation = 'mutation { defineCollection(input: { name: "mine" }) { __typename } }';
    expect((await gateway.graphql(reader, mutation)).errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    const other = await openClient(gateway, 'beta');
    await other.define({ name: 'mine', language: 'DUTCH', attributes: [{ name: 'year', type: 'TEXT' }] });
    await client.upsert([note('mine', 'mine', { metadata: { year: 2026 } })]);
    expect(await storedLanguages('mine')).toEqual(['english']);
    expect(await countAttributes('mine')).toBe(0);
  });
});

describe('attributes', () => {
  test('are filled for documents that are there, follow changes, and go when they are declared no more', async () => {
    await client.upsert([
      note('books', 'b1', { metadata: { year: 1999, pages: 12 } }),
      note('books', 'b2', { metadata: { year: 'unknown' } }),
      note('books', 'b3'),
    ]);
    expect(await list(year({ is: 'NOT_NULL' }))).toEqual([]);
    const attributes = [{ name: 'year', type: 'NUMBER' }];
    const { unfitValues, collection } = await client.define({ name: 'books', attributes });
    expect({ unfitValues, documents: collection.documents }).toEqual({ unfitValues: 1, documents: 3 });
    expect(await list(year({ eq: 1999 }))).toEqual(['b1']);
    await client.upsert([note('books', 'b1', { metadata: { year: 2001 } })]);
    expect([await list(year({ eq: 1999 })), await list(year({ eq: 2001 }))]).toEqual([[], ['b1']]);
    await client.upsert([note('books', 'b1', { metadata: {} })]);
    expect(await list(year({ is: 'NOT_NULL' }))).toEqual([]);
    await client.upsert([note('books', 'b1', { metadata: { year: 2001, pages: 300 } })]);
    await client.define({ name: 'books', attributes: [...attributes, { name: 'pages', type: 'NUMBER' }] });
    expect(await list({ attributes: [{ name: 'pages', number: { gte: 300 } }] })).toEqual(['b1']);
    expect(await list(year({ eq: 2001 }))).toEqual(['b1']);
    await client.define({ name: 'books', attributes: [{ name: 'year', type: 'TEXT' }] });
    expect(await list(year({ is: 'NOT_NULL' }))).toEqual([]);
    expect(await list({ attributes: [{ name: 'year', text: { eq: 'unknown' } }] })).toEqual(['b2']);
    await client.define({ name: 'books' });
    expect(await Promise.all(['b1', 'b2'].map(countAttributes))).toEqual([0, 0]);
  });

  test('go with their document, and when it moves to a collection that does not declare them', async () => {
    await client.define({ name: 'from', attributes: [{ name: 'year', type: 'NUMBER' }] });
    const [moved, deleted] = await client.upsert([
      note('from', 'moved', { metadata: { year: 1 } }),
      note('from', 'deleted', { metadata: { year: 1 } }),
    ]);
    expect([await countAttributes('moved'), await countAttributes('deleted')]).toEqual([1, 1]);
    await client.upsert([{ ...note('elsewhere', 'moved', { metadata: { year: 1 } }), id: moved!.id }]);
    expect(await countAttributes('moved')).toBe(0);
    await client.delete([deleted!.id]);
    const { rows } = await gateway.db.owner.query('select from document_attributes where document_id = any($1)', [
      [deleted!.id, moved!.id].map((id) => Buffer.from(id, 'base64').toString().replace('Document:', '')),
    ]);
    expect(rows).toEqual([]);
  });

  test('of a wrong type are refused with the document, and nothing of the write is stored', async () => {
    await client.define({ name: 'strict', attributes: [{ name: 'year', type: 'NUMBER' }] });
    const right = note('strict', 'right', { metadata: { year: 2026, other: 'anything' } });
    const wrong = note('strict', 'wrong', { metadata: { year: '2026' } });
    expect(await client.tryUpsert([right, wrong])).toMatchObject({
      __typename: 'InvalidDocumentError',
      index: 1,
      message: expect.stringMatching(/"strict" declares the attribute "year" as NUMBER.* the text "2026"/),
    });
    expect(await list({ collection: { eq: 'strict' } })).toEqual([]);
    await client.upsert([right]);
    expect(await list({ collection: { eq: 'strict' } })).toEqual(['right']);
  });

  test('are never missed by a definition that meets writes', async () => {
    const inputs = Array.from({ length: 24 }, (_, i) => note('racing', `r${i}`, { metadata: { year: i } }));
    const writes = inputs.map((input) => client.upsert([input]));
    const definition = client.define({ name: 'racing', attributes: [{ name: 'year', type: 'NUMBER' }] });
    await Promise.all([...writes, definition]);
    expect((await list({ collection: { eq: 'racing' }, ...year({ gte: 0 }) })).sort()).toEqual(
      inputs.map(({ externalId }) => externalId).sort(),
    );
  });

  test('of more documents than one statement fills are all filled', async () => {
    await gateway.db.owner.query(
      `insert into documents (tenant_id, id, collection, external_id, title, body, metadata, content_hash)
       select 'alpha', gen_random_uuid(), 'heap', 'h' || i, 'T', 'B', jsonb_build_object('shelf', i), sha256('x')
       from generate_series(1, 4001) i`,
    );
    await client.define({ name: 'heap', attributes: [{ name: 'shelf', type: 'NUMBER' }] });
    const { rows } = await gateway.db.owner.query(
      `select count(*)::int as n, sum(number_value)::int as sum from document_attributes where name = 'shelf'`,
    );
    expect(rows).toEqual([{ n: 4001, sum: (4001 * 4002) / 2 }]);
  });
});

describe('the status of a document', () => {
  test('is "published" unless given, and is filtered by', async () => {
    await client.upsert([note('process', 's1'), note('process', 's2', { status: 'draft' })]);
    const of = (status: object) => list({ collection: { eq: 'process' }, status });
    expect([await of({ eq: 'published' }), await of({ eq: 'draft' })]).toEqual([['s1'], ['s2']]);
    await client.upsert([note('process', 's2')]);
    expect(await of({ eq: 'published' })).toEqual(['s1', 's2']);
  });

  test.each([
    ['', /status is empty/],
    ['x'.repeat(65), /65 characters; at most 64/],
  ])('is not %j', async (status, message) => {
    expect(await client.tryUpsert([note('process', 's3', { status })])).toMatchObject({
      __typename: 'InvalidDocumentError',
      message: expect.stringMatching(message),
    });
  });
});
