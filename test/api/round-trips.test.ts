import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

/** More than a page, so that a search finds as many as it wants and does not look further. */
const stored = 60;
const page = 50;

/** Nested queries, with the round trips that they may take, however many documents there are. */
const nested: readonly (readonly [name: string, atMost: number, items: number, query: string, item: RegExp])[] = [
  [
    'documents with their bodies and what waits',
    2,
    page,
    '{ documents(first: 50) { edges { node { title body pendingChunks } } } }',
    /"body"/g,
  ],
  [
    'hits with passages, highlights and bodies',
    2,
    page,
    '{ search(input: { text: "boiler house" }, first: 50) { ... on SearchConnection { edges { passages { text } highlights { start } node { body pendingChunks } } } } }',
    /"body"/g,
  ],
  [
    'fifty documents, each with its neighbours',
    2,
    page,
    '{ documents(first: 50) { edges { node { title similar(first: 5) { edges { score node { title } chunk { text } } } } } } }',
    /"similar"/g,
  ],
  [
    'hits, each with its neighbours',
    2,
    page,
    '{ search(input: { text: "boiler house" }, first: 50) { ... on SearchConnection { edges { node { similar(first: 5) { edges { node { title } } } } } } } }',
    /"similar"/g,
  ],
  [
    'fifty documents, their neighbours, and the passages and bodies of these',
    3,
    3 * page,
    '{ documents(first: 50) { edges { node { similar(first: 3) { edges { passages(first: 2) { text } node { body } } } } } } }',
    /"body"/g,
  ],
  [
    'twenty searches',
    1,
    20,
    `{ ${Array.from({ length: 20 }, (_, i) => `s${i}: search(input: { text: "house ${i}" }, first: 5) { ... on SearchConnection { edges { node { title } } } }`).join(' ')} }`,
    /"s\d+"/g,
  ],
];

describe('round trips to the database', () => {
  const counted = countFlights();
  let gateway: TestGateway;
  let client: Client;
  beforeAll(async () => {
    gateway = await openTestGateway({ serveFrom: counted.serveFrom, queryLimits: { cost: 100_000 } });
    client = await openClient(gateway, 'alpha');
    await client.upsert(
      Array.from({ length: stored }, (_, index) => ({
        externalId: `d${index}`,
        collection: 'help',
        title: `House ${index}`,
        body: `The boiler of house ${index} is off. Press the button.\n\nWait ${index} minutes.`,
      })),
    );
    await gateway.embedAll();
    // How far to look is remembered per tenant.
    await client.search({ text: 'boiler' });
  });
  afterAll(() => gateway.close());

  test.for(nested)('%s: at most %i', async ([, atMost, items, query, size]) => {
    counted.take();
    const answer = await gateway.graphql(client.token, query);
    const taken = counted.take();
    expect(answer.errors).toEqual([]);
    expect(answer.text.match(size)).toHaveLength(items);
    expect(taken).toBeLessThanOrEqual(atMost);
  });

  test('are as many for one document as for fifty', async () => {
    const query = (first: number) =>
      `{ documents(first: ${first}) { edges { node { similar(first: 3) { edges { passages { text } } } } } } }`;
    const tripsFor = async (first: number) => {
      counted.take();
      await client.query(query(first));
      return counted.take();
    };
    expect(await tripsFor(50)).toBe(await tripsFor(1));
  });
});
