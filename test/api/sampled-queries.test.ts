import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { hashedVector } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { dataOf } from '../support/graphql-answer.ts';

const noted: unknown[] = [];
let gateway: TestGateway;
let token: string;

beforeAll(async () => {
  gateway = await openTestGateway({ noteQuery: (tenantId, query) => void noted.push([tenantId, query]) });
  token = await gateway.tokenFor('alpha');
  const bodies = ['The kettle is by the window.', 'The window of the hall is shut.', 'A window faces the street.'];
  await gateway.upsert(
    'alpha',
    bodies.map((body, i) => ({ collection: 'rooms', externalId: `${i}`, title: `Room ${i}`, body })),
  );
  await gateway.embedAll();
});
afterAll(() => gateway.close());
beforeEach(() => void noted.splice(0));

async function search(input: object, page: { first?: number; after?: string | null } = {}) {
  const answer = await gateway.graphql<{
    search: { edges: { cursor: string; node: { id: string } }[]; code?: string };
  }>(
    token,
    `query ($input: SearchInput!, $first: Int, $after: String) {
      search(input: $input, first: $first, after: $after) {
        ... on SearchConnection { edges { cursor node { id } } }
        ... on Error { code }
      }
    }`,
    { input, ...page },
  );
  return dataOf(answer).search;
}

test('texts that are searched by meaning are noted as the model got them, each once and not for its pages', async () => {
  const first = await search({ text: 'open window' }, { first: 1 });
  const second = await search({ text: 'open window' }, { first: 1, after: first?.edges[0]?.cursor ?? '' });
  expect([first?.edges.length, second?.edges.length]).toEqual([1, 1]);
  await search({ text: 'warm kettle', mode: 'SEMANTIC' });
  await search({ text: 'window -hall' });
  expect(noted).toEqual([
    ['alpha', { mode: 'HYBRID', text: 'open window' }],
    ['alpha', { mode: 'SEMANTIC', text: 'warm kettle' }],
    ['alpha', { mode: 'HYBRID', text: 'window' }],
  ]);
});

test('what no model is asked, or nobody wrote, is not noted', async () => {
  const found = await search({ text: 'window', mode: 'KEYWORD' });
  expect(found?.edges).toHaveLength(3);
  const vector = [...hashedVector('window', 512)];
  expect((await search({ vector, mode: 'SEMANTIC' }))?.edges).toHaveLength(3);
  const documentId = found?.edges[0]?.node.id;
  expect((await search({ similarTo: documentId }))?.edges).toHaveLength(2);
  expect(noted).toEqual([]);
});

test('a subscription, which asks by itself, is not noted', async () => {
  const leaving = new AbortController();
  const response = await gateway.gateway.fetch('http://tessera.test/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    body: JSON.stringify({
      query: `subscription { searchUpdates(input: { text: "window" }) { ... on SearchUpdate { edges { node { title } } } } }`,
    }),
    signal: leaving.signal,
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await gateway.upsert('alpha', [{ collection: 'rooms', externalId: 'new', title: 'Attic', body: 'A round window.' }]);
  await gateway.embedAll();
  let told = '';
  while (!told.includes('Attic')) told += new TextDecoder().decode((await reader.read()).value);
  leaving.abort();
  expect(noted).toEqual([]);
  await search({ text: 'window' });
  expect(noted).toHaveLength(1);
});
