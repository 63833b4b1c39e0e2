import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { dataOf } from '../support/graphql-answer.ts';
import {
  type Client,
  externalIds,
  openClient,
  type Upserted,
  type UpsertInput,
  upsertMutation,
} from '../support/operations.ts';
import { countRows } from '../support/stored-rows.ts';

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway({ maxBodyBytes: 8_000_000 });
  client = await openClient(gateway, 'alpha');
  await client.upsert([{ externalId: 'first', collection: 'c', title: 'First', body: 'The first document.' }]);
});
afterAll(() => gateway.close());

const document = (change: Partial<UpsertInput> = {}): UpsertInput => ({
  externalId: 'x',
  collection: 'c',
  title: 'Title',
  body: 'Body.',
  ...change,
});

/** An object nested to a depth. */
function nested(depth: number): Record<string, unknown> {
  return depth === 1 ? { leaf: 1 } : { in: nested(depth - 1) };
}

describe('a document that cannot be stored', () => {
  let before: Record<string, number>;
  beforeEach(async () => {
    before = await countRows(gateway.db.owner);
  });
  afterEach(async () => {
    expect(await countRows(gateway.db.owner), 'nothing is written').toEqual(before);
  });

  const half = 'half \ud83d of a pair';
  test.each<[string, Partial<UpsertInput>, RegExp]>([
    ['an empty collection', { collection: '' }, /the collection is empty/],
    ['an empty external id', { externalId: '' }, /the externalId is empty/],
    ['an empty title', { title: '' }, /the title is empty/],
    ['an empty body', { body: '' }, /the body is empty/],
    ['a body of blanks', { body: ' \n\t\u00a0\u2003' }, /the body is empty; give it at least one visible/],
    ['a collection too long', { collection: 'c'.repeat(65) }, /65 characters; at most 64/],
    ['an external id too long', { externalId: 'x'.repeat(513) }, /513 characters; at most 512/],
    ['a title too long', { title: 't'.repeat(1_001) }, /1001 characters; at most 1000/],
    ['a body too long', { body: 'b'.repeat(1_000_001) }, /1000001 characters; at most 1000000/],
    ['a url too long', { url: `https://example.org/${'u'.repeat(2_048)}` }, /2068 characters; at most 2048/],
    ['a url without a scheme', { url: 'example.org/page' }, /the url is not an absolute http or https address/],
    ['a url with another scheme', { url: 'javascript:alert(1)' }, /the url is not an absolute http/],
    ['NUL in the collection', { collection: 'a\0' }, /the collection holds a NUL/],
    ['NUL in the external id', { externalId: 'a\0' }, /the externalId holds a NUL/],
    ['NUL in the title', { title: 'a\0' }, /the title holds a NUL/],
    ['NUL in the body', { body: 'a\0' }, /the body holds a NUL/],
    ['NUL in the url', { url: 'https://example.org/\0' }, /the url holds a NUL/],
    ['half a pair in the title', { title: half }, /the title holds half of a surrogate pair/],
    ['half a pair in the body', { body: half }, /the body holds half of a surrogate pair/],
    ['NUL in the metadata', { metadata: { a: { b: ['x\0'] } } }, /the metadata holds a NUL/],
    ['NUL in a key', { metadata: { 'a\0': 1 } }, /the metadata holds a NUL/],
    ['half a pair in the metadata', { metadata: { a: [half] } }, /the metadata holds half of a surrogate pair/],
    ['half a pair in a key', { metadata: { [half]: 1 } }, /the metadata holds half of a surrogate pair/],
    ['too much metadata', { metadata: { a: 'x'.repeat(20_000) } }, /takes 20008 bytes as JSON; at most 16384/],
    ['metadata nested too deeply', { metadata: nested(33) }, /the metadata is nested deeper than 32 levels/],
    ['metadata nested as deeply as its bytes allow', { metadata: nested(2_000) }, /deeper than 32 levels/],
  ])('is refused with a sentence: %s', async (_, change, says) => {
    expect(await client.tryUpsert([document(change)])).toMatchObject({
      __typename: 'InvalidDocumentError',
      code: 'INVALID_DOCUMENT',
      index: 0,
      message: expect.stringMatching(says),
    });
  });

  test('is refused for a number that JSON can write and no number can hold', async () => {
    const body = JSON.stringify({ query: upsertMutation, variables: { input: [document({ metadata: { a: '@' } })] } });
    const answer = await gateway.send<{ upsertDocuments: { message: string } }>('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${client.token}` },
      body: body.replace('"@"', '1e999'),
    });
    expect(dataOf(answer).upsertDocuments.message).toMatch(/the metadata holds a number beyond the range of float64/);
  });
});

describe('a document at its limits', () => {
  test('is stored and comes back as it was', async () => {
    const input = document({
      collection: 'c'.repeat(64),
      externalId: 'x'.repeat(512),
      title: 't'.repeat(1_000),
      url: `https://example.org/${'u'.repeat(2_028)}`,
      metadata: { a: 'x'.repeat(16_376) },
    });
    expect(await client.upsert([input])).toMatchObject([{ status: 'CREATED', document: { metadata: input.metadata } }]);
    expect(await client.upsert([input])).toMatchObject([{ status: 'UNCHANGED' }]);
    expect(await client.upsert([document({ externalId: 'deep', metadata: nested(32) })])).toMatchObject([
      { status: 'CREATED', document: { metadata: nested(32) } },
    ]);
  });

  test.each([
    ['emoji with modifiers', '👩🏽‍🚀 and 🏳️‍🌈 fly'],
    ['right to left', 'שלום עולם مرحبا بالعالم'],
    ['combining marks', 'Zalgo: Z̷̡a̴͜l̵g̶o e\u0301'],
    ['beyond the basic plane', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎𠜱 😀'],
    ['invisible characters', 'bom\ufeff \u200bzero\u2060width \u202eoverride \ufffd'],
    ['control characters', 'bell \u0007 escape \u001b[31m delete \u007f'],
    ['every kind of line end', 'a\nb\r\nc\rd\u2028e\u2029f\u0085g'],
    ['marks of other languages', `'; drop table documents; -- <script>alert(1)</script> {{x}} \${y} %s \\x00 \\u0000`],
  ])('comes back as it was: %s', async (name, text) => {
    const input = document({
      externalId: name,
      title: text,
      body: text,
      metadata: { [text]: [text, { [text]: text }] },
    });
    const [stored] = await client.upsert([input]);
    const query = 'query($id: ID!) { document(id: $id) { title body metadata } }';
    expect(await client.query(query, { id: stored!.id })).toEqual({
      document: { title: text, body: text, metadata: input.metadata },
    });
    expect(await client.upsert([input])).toMatchObject([{ status: 'UNCHANGED' }]);
  });

  test('keeps names in its metadata that mean something to JavaScript', async () => {
    const metadata = '{"__proto__":{"polluted":true},"constructor":1,"toString":"x","hasOwnProperty":false}';
    const body = JSON.stringify({
      query: upsertMutation,
      variables: { input: [document({ externalId: 'proto', metadata: { a: '@' } })] },
    });
    const answer = await gateway.send<{ upsertDocuments: Upserted }>('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${client.token}` },
      body: body.replace('{"a":"@"}', metadata),
    });
    const [stored] = dataOf(answer).upsertDocuments.documents;
    expect(JSON.parse(JSON.stringify(stored?.document?.metadata))).toEqual(JSON.parse(metadata));
    expect(answer.text).toContain('"__proto__":{"polluted":true}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

// The embedded database's client drops a byte order mark at the head of a value when it reads it.
describeServer('a document that begins with a byte order mark', () => {
  test('comes back as it was', async () => {
    const body = '\ufeffText of an old editor.';
    const [stored] = await client.upsert([document({ externalId: 'bom', body })]);
    const query = 'query($id: ID!) { document(id: $id) { body } }';
    expect(await client.query(query, { id: stored!.id })).toEqual({ document: { body } });
  });
});

describe('a large document', () => {
  const fill = (pattern: string, size = 1_000_000) =>
    pattern.repeat(Math.ceil(size / pattern.length)).slice(0, size - 20);
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state.toString(36);
  };

  // Those that make many more chunks than usual are shorter.
  const bodies: [string, string][] = [
    ['prose', fill('The harbour was quiet that evening, and the boats lay still. Nobody spoke of the storm. ')],
    ['one word', fill('a')],
    ['one line of base64', fill('QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo5ODc2NTQzMjEw')],
    ['Chinese', fill('港口那天晚上很安静船只静静地停着没有人谈论暴风雨')],
    ['emoji', fill('😀🚀🏳️‍🌈')],
    ['a script that the model does not know', fill('ಕನ್ನಡ ಭಾಷೆ ')],
    ['dots', fill('. ')],
    ['line ends', fill('\n')],
    ['words that never repeat', fill(Array.from({ length: 25_000 }, random).join(' '), 150_000)],
    ['headings alone', fill('# A heading of its own\n\n', 150_000)],
    ['an open fence', `\`\`\`\n${fill('let x = 1; // code\n', 300_000)}`],
    ['a table', fill('| cell | cell | cell |\n', 300_000)],
  ];

  test.each(bodies)('is stored, embedded and found: %s', { timeout: 60_000 }, async (name, head) => {
    // Whatever was cut in half goes.
    const body = `${head.replace(/[\ud800-\udbff]$/, '')}\n\nXylophone ending.`;
    const [stored] = await client.upsert([{ externalId: name, collection: 'large', title: 'Large', body }]);
    expect(stored).toMatchObject({ status: 'CREATED' });
    await gateway.embedAll();
    const found = await client.search({ text: 'xylophone', mode: 'KEYWORD', collections: ['large'] });
    expect(externalIds(found)).toEqual([name]);
    expect(found.edges[0]?.chunk.text).toContain('Xylophone ending.');
    const query = 'query($id: ID!) { document(id: $id) { body pendingChunks } }';
    const { document: back } = await client.query<{ document: { body: string; pendingChunks: number } }>(query, {
      id: stored!.id,
    });
    expect(back.pendingChunks).toBe(0);
    expect(back.body === body).toBe(true);
    const { rows } = await gateway.db.owner.query<{ longest: number }>(
      'select max(length(text))::int as longest from chunks where document_id in (select id from documents where external_id = $1)',
      [name],
    );
    expect(rows[0]?.longest).toBeLessThanOrEqual(3_200);
    expect(await client.delete([stored!.id])).toEqual([stored!.id]);
  });
});
