import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

/** A passage is as long as a paragraph here. */
const chunking = { kind: 'RECURSIVE', maxTokens: 40, overlapTokens: 0, context: 'NONE' };
const filler =
  'The committee met again in the afternoon, adjourned without a vote, and thanked everybody for the minutes.';
const manual = (externalId: string, sentences: readonly string[]) => ({
  externalId,
  collection: 'manuals',
  title: externalId,
  body: sentences.map((sentence) => `${sentence}. ${filler}`).join('\n\n'),
});
const postponed = (count: number) => Array.from({ length: count }, (_, n) => `Point ${n} was postponed`);

const query = `query($input: SearchInput!, $passages: Int!) { search(input: $input) { ... on SearchConnection { edges {
  node { externalId } chunk { id text } passages(first: $passages) { id text } freshness { embeddedAt } } } } }`;

interface Found {
  readonly externalId: string;
  readonly chunk: string;
  /** First words of each. */
  readonly passages: readonly string[];
  readonly isEmbedded: boolean;
}

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway();
  const alone = await clientOf('alone');
  await alone.upsert([manual('alone', pool)]);
  await gateway.embedAll();
  // Two passages that wait for their vectors, one of which has words of the queries.
  const { rowCount } = await gateway.db.owner.query(
    `delete from embeddings where tenant_id = 'alone' and chunk_id in (
       select id from chunks where tenant_id = 'alone' and (text like 'Invoices%' or text like 'Hot water%'))`,
  );
  expect(rowCount).toBe(2);
});
afterAll(() => gateway.close());

async function clientOf(tenant: string): Promise<Client> {
  const client = await openClient(gateway, tenant);
  await client.define({ name: 'manuals', chunking });
  return client;
}

const headOf = (text: string) => text.slice(0, text.indexOf('.'));

async function find(client: Client, input: object, passages = 3): Promise<Found[]> {
  const { search } = await client.query<{
    search: {
      edges: {
        node: { externalId: string };
        chunk: { id: string; text: string };
        passages: { id: string; text: string }[];
        freshness: { embeddedAt: string | null };
      }[];
    };
  }>(query, { input, passages });
  return search.edges.map((edge) => {
    expect(edge.passages[0]?.id).toBe(edge.chunk.id);
    expect(new Set(edge.passages.map(({ id }) => id)).size).toBe(edge.passages.length);
    return {
      externalId: edge.node.externalId,
      chunk: headOf(edge.chunk.text),
      passages: edge.passages.map(({ text }) => headOf(text)),
      isEmbedded: edge.freshness.embeddedAt !== null,
    };
  });
}

test('of a document that waits for its vectors are those with the words of the query, and then the others', async () => {
  const client = await clientOf('waiting');
  const words = ['The quagga valve leaks', 'A quagga was seen', 'Quagga valve, quagga pump'];
  await client.upsert([manual('pending', [...postponed(4), words[0]!, 'Nothing was said', ...words.slice(1)])]);
  const [hit] = await find(client, { text: 'where is the quagga valve', mode: 'HYBRID' }, 5);
  expect(hit).toMatchObject({ externalId: 'pending', isEmbedded: false });
  expect(hit!.passages.slice(0, 3).sort()).toEqual([...words].sort());
  expect(hit!.passages.slice(3)).toEqual(['Point 0 was postponed', 'Point 1 was postponed']);
  expect((await find(client, { text: 'quagga', mode: 'KEYWORD' }, 1))[0]!.passages).toEqual([hit!.chunk]);
});

const pool = [
  ...postponed(2),
  'Hot water comes from the boiler in the cellar',
  'Warm baths and showers need a heater',
  'Water the roses when it is hot and dry',
  'Invoices are booked in the ledger',
  'The boiler is cleaned in May',
  'Breakfast is served from seven to ten with cold water and juice',
];

/** Queries, and what their conditions permit. */
const asked = [
  ['hot water boiler', /./],
  ['showers with warm water', /./],
  ['hot "with cold water"', /with cold water/],
  ['water -boiler', /^(?!.*boiler)/],
  ['+water hot', /water/i],
] as const;

test.each([
  ['by both', { mode: 'HYBRID' }],
  [
    'by both and their scores',
    { mode: 'HYBRID', fusion: { method: 'RELATIVE_SCORE', keywordWeight: 1, semanticWeight: 3 } },
  ],
  ['by meaning', { mode: 'SEMANTIC' }],
  ['by words', { mode: 'KEYWORD' }],
])('of a document are ranked as hits are that are passages: %s', async (_, input) => {
  const client = await clientOf('alone');
  for (const [text, condition] of asked) {
    const [hit] = await find(client, { text, ...input }, 10);
    const alone = (await find(client, { text, ...input, groupBy: 'CHUNK' }, 1)).map(({ chunk }) => chunk);
    expect(alone.length, text).toBeGreaterThan(0);
    const [own] = hit!.passages;
    expect(hit!.passages.slice(0, alone.length), text).toEqual([own, ...alone.filter((one) => one !== own)]);
    // What neither half ranks comes behind, unless a condition keeps it out.
    expect([...hit!.passages].sort(), text).toEqual(pool.filter((one) => condition.test(one)).sort());
  }
});

test('begin with the one that was found, also where several of a document are hits', async () => {
  const client = await clientOf('alone');
  const hits = await find(client, { text: 'hot water boiler', groupBy: 'CHUNK' }, 2);
  expect(new Set(hits.map(({ chunk }) => chunk)).size).toBe(pool.length - 1);
  for (const { chunk, passages } of hits) expect(passages).toEqual([chunk, expect.any(String)]);
  expect(hits.slice(1).map(({ passages }) => passages[1])).toEqual(hits.slice(1).map(() => hits[0]!.chunk));
});

test('do not depend on which other documents are on the page', async () => {
  const client = await clientOf('alone');
  const text = 'hot water boiler';
  const before = (await find(client, { text }, 10))[0]!.passages;
  await client.upsert([manual('other', ['Hot water boiler', 'Hot boilers', ...postponed(3)])]);
  await gateway.embedAll();
  const after = (await find(client, { text }, 10)).find(({ externalId }) => externalId === 'alone');
  expect(after!.passages.slice(0, 3)).toEqual(before.slice(0, 3));
  expect(after!.passages).toHaveLength(pool.length);
});
