import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import {
  type Client,
  externalIds,
  openClient,
  type SearchEdge,
  type SearchHits,
  searchQuery,
} from '../support/operations.ts';
import { expectRefusal } from '../support/refusal.ts';

/** Of no language that the built-in table knows. */
const unknownWord = 'ಕನ್ನಡ';

const filler = (about: string) => `A paragraph about ${about}. It goes on for a while, as such pages do. `.repeat(12);

const documents = [
  {
    externalId: 'boiler',
    title: 'No hot water',
    body: 'When the shower runs cold, the boiler is off. Press the red button.',
  },
  { externalId: 'pool', title: 'Swimming', body: 'The water of the pool is warm. Children swim with an adult.' },
  {
    externalId: 'parking',
    title: 'Where to park',
    body: 'Leave the car behind the house. The barrier opens with your card.',
  },
  {
    externalId: 'breakfast',
    title: 'Breakfast',
    body: 'Bread, eggs and fruit from seven to ten. Tell the kitchen about allergies.',
  },
  {
    externalId: 'bus',
    title: 'The bus to town',
    body: 'It leaves at the front door every hour; the last one is at eleven.',
  },
  { externalId: 'notice', title: 'Notice', body: `The board by the stairs says ${unknownWord}.` },
  {
    externalId: 'manual',
    title: 'House manual',
    body: `# Garden\n\n${filler('roses')}\n\n# Music\n\n${filler('the old piano in the hall')}\n\n# Cellar\n\n${filler('wine')}`,
  },
].map((document) => ({ collection: 'help', ...document }));

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
  await client.upsert(documents);
  await gateway.embedAll();
});
afterAll(() => gateway.close());

const numeric = expect.any(Number);

describe('a mode', () => {
  test('is HYBRID unless said otherwise, with the scores of both halves', async () => {
    const { mode, edges } = await client.search({ text: 'hot water' });
    expect(mode).toBe('HYBRID');
    expect(edges[0]).toMatchObject({ node: { externalId: 'boiler' }, scores: { vector: numeric, keyword: numeric } });
    expect(edges.map(({ scores }) => scores.vector !== null || scores.keyword !== null)).not.toContain(false);
    for (const { score } of edges) expect(score).toBeGreaterThan(0);
    for (const { score } of edges) expect(score).toBeLessThanOrEqual(1);
  });

  test('SEMANTIC ranks everything by cosine', async () => {
    const { mode, edges } = await client.search({ text: 'my bath is chilly', mode: 'SEMANTIC' });
    expect(mode).toBe('SEMANTIC');
    expect(edges).toHaveLength(documents.length);
    expect(edges[0]?.node.externalId).toBe('boiler');
    for (const { score, scores } of edges) expect(scores).toEqual({ vector: score, keyword: null, fused: score });
    for (const { score } of edges) expect(Math.abs(score)).toBeLessThanOrEqual(1);
  });

  test('KEYWORD finds what has one of the words, and ranks by how rare they are', async () => {
    const { mode, edges, recall } = await client.search({ text: 'water boiler zeppelin', mode: 'KEYWORD' });
    expect([mode, recall]).toEqual(['KEYWORD', null]);
    expect(externalIds({ edges })).toEqual(['boiler', 'pool']);
    for (const { score, scores } of edges) expect(scores).toEqual({ vector: null, keyword: score, fused: score });
    for (const { score } of edges) expect(score).toBeGreaterThan(0);
  });

  test.each(['HYBRID', 'SEMANTIC', 'KEYWORD'] as const)(
    '%s gives hits best first, each document once',
    async (mode) => {
      const { edges } = await client.search({ text: 'the water in the house', mode });
      const scores = edges.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(new Set(externalIds({ edges })).size).toBe(edges.length);
    },
  );

  test('KEYWORD without a word of any document gives an empty page', async () => {
    const page = await client.search({ text: 'zeppelin', mode: 'KEYWORD' });
    expect(page.edges).toEqual([]);
    expect(page.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null });
  });
});

describe('a hit', () => {
  test.each(['HYBRID', 'SEMANTIC', 'KEYWORD'] as const)(
    'shows the best passage of a long document in %s',
    async (mode) => {
      const { edges } = await client.search({ text: 'where is the piano', mode });
      const [hit] = edges;
      expect(hit).toMatchObject({ node: { externalId: 'manual' }, chunk: { ordinal: 1, context: 'House manual' } });
      expect(hit?.chunk.text).toMatch(/^# Music\n.*the old piano in the hall/s);
    },
  );

  test('holds a passage that stands in the body exactly where it says', async () => {
    const query = `{ search(input: { text: "piano" }, first: 1) { ... on SearchConnection {
      edges { chunk { text start end } node { body } } } } }`;
    const { search } = await client.query<{
      search: { edges: { chunk: { text: string; start: number; end: number }; node: { body: string } }[] };
    }>(query);
    const { chunk, node } = search.edges[0]!;
    expect(node.body.slice(chunk.start, chunk.end)).toBe(chunk.text);
  });
});

describe('pages', () => {
  const pageTenant = 'pages';
  let pages: Client;
  const all = Array.from({ length: 60 }, (_, i) => ({
    externalId: `page-${i}`,
    collection: i % 2 ? 'odd' : 'even',
    title: `Harbour ${i}`,
    body: `Boats lie at berth ${i} of the harbour${i % 3 ? '' : ', where the gulls sit'}. ${'Sails and ropes. '.repeat(i % 7)}`,
  }));
  beforeAll(async () => {
    pages = await openClient(gateway, pageTenant);
    await pages.upsert(all);
    await gateway.embedAll();
  });

  async function readAll(input: Parameters<Client['search']>[0], first: number): Promise<SearchHits[]> {
    const read: SearchHits[] = [];
    for (let after: string | null = null; ; ) {
      const page: SearchHits = await pages.search(input, { first, after });
      read.push(page);
      if (!page.pageInfo.hasNextPage) return read;
      after = page.pageInfo.endCursor;
    }
  }
  const ranking = (edges: readonly SearchEdge[]) => edges.map(({ node, score }) => [node.externalId, score]);

  test.each([
    { text: 'boats in the harbour' },
    { text: 'boats in the harbour', mode: 'SEMANTIC' },
    { text: 'gulls', mode: 'KEYWORD' },
    { text: 'boats', collections: ['odd'] },
    { text: 'boats', groupBy: 'CHUNK' },
    { text: 'harbour -gulls' },
  ] as const)('of any size make one ranking without repeats: %o', async (input) => {
    const [whole] = await readAll(input, 100);
    const expected = ranking(whole!.edges);
    expect(expected.length).toBeGreaterThan(15);
    expect(new Set(expected.map(([id]) => id)).size).toBe(expected.length);
    for (const first of [1, 7, expected.length - 1, expected.length]) {
      const read = await readAll(input, first);
      expect(ranking(read.flatMap(({ edges }) => edges))).toEqual(expected);
      expect(read.length).toBe(Math.ceil(expected.length / first));
    }
  });

  test('say where they lie', async () => {
    const { edges, pageInfo } = await pages.search({ text: 'boats' }, { first: 5 });
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges[4]?.cursor,
    });
  });

  test('go on from the cursor of any hit', async () => {
    const { edges } = await pages.search({ text: 'boats' }, { first: 10 });
    const { edges: rest } = await pages.search({ text: 'boats' }, { first: 6, after: edges[3]!.cursor });
    expect(ranking(rest)).toEqual(ranking(edges.slice(4)));
  });

  test('hold ten hits unless said otherwise', async () => {
    expect((await pages.search({ text: 'boats' })).edges).toHaveLength(10);
  });
});

describe('a text of which the model knows nothing', () => {
  test('is searched by its words, and the answer says so', async () => {
    const { mode, edges, recall } = await client.search({ text: unknownWord });
    expect([mode, recall, externalIds({ edges })]).toEqual(['KEYWORD', null, ['notice']]);
  });

  test('cannot be searched in the mode SEMANTIC', async () => {
    const { search } = await client.query<{ search: unknown }>(searchQuery, {
      input: { text: unknownWord, mode: 'SEMANTIC' },
    });
    expect(search).toEqual({
      __typename: 'NotEmbeddableError',
      code: 'NOT_EMBEDDABLE',
      message: expect.stringMatching(/knows no word of this text.* KEYWORD or HYBRID\.$/),
    });
  });

  test('is embedded by what else it has', async () => {
    expect((await client.search({ text: `${unknownWord} swimming` })).mode).toBe('HYBRID');
  });
});

describe('a score', () => {
  test.each(['HYBRID', 'SEMANTIC', 'KEYWORD'] as const)('below minScore is left out in %s', async (mode) => {
    const input = { text: 'water in the house', mode };
    const { edges } = await client.search(input);
    expect(edges.length).toBeGreaterThan(1);
    for (const minScore of [edges[1]!.score, edges.at(-1)!.score]) {
      const kept = await client.search({ ...input, minScore });
      expect(externalIds(kept)).toEqual(externalIds({ edges: edges.filter(({ score }) => score >= minScore) }));
    }
    expect((await client.search({ ...input, minScore: edges[0]!.score * 1.01 })).edges).toEqual([]);
  });
});

describe('a vector', () => {
  test('of a passage finds its document, at a cosine of one, however long the vector is', async () => {
    const [full] = await gateway.deps.embedder.embed(
      ['Breakfast\nBread, eggs and fruit from seven to ten. Tell the kitchen about allergies.'],
      {
        purpose: 'document',
      },
    );
    for (const factor of [1, 1e-30, 1e30]) {
      const { mode, edges } = await client.search({ vector: [...full!].map((component) => component * factor) });
      expect([mode, edges[0]?.node.externalId]).toEqual(['SEMANTIC', 'breakfast']);
      expect(edges[0]?.score).toBeCloseTo(1, 5);
    }
  });

  test('of examples that cancel each other out is refused in words', async () => {
    const [{ node } = { node: { id: '' } }] = (await client.search({ text: 'breakfast' })).edges;
    const input = { recommend: { positive: [node.id], negative: [node.id] } };
    expectRefusal(await gateway.graphql(client.token, searchQuery, { input }), {
      status: 400,
      code: 'BAD_USER_INPUT',
      says: /examples/,
    });
  });
});

describe('a new document', () => {
  test('is found by its words in the commit that writes it, and by its meaning once it is embedded', async () => {
    const fresh = await openClient(gateway, 'fresh');
    const [stored] = await fresh.upsert([
      { externalId: 'sauna', collection: 'help', title: 'Sauna', body: 'Sweat in a very hot wooden cabin.' },
    ]);
    expect(stored?.document?.pendingChunks).toBe(1);
    const find = async (text: string, mode: 'HYBRID' | 'SEMANTIC' | 'KEYWORD') =>
      externalIds(await fresh.search({ text, mode }));
    expect(await find('wooden cabin', 'KEYWORD')).toEqual(['sauna']);
    expect(await find('wooden cabin', 'HYBRID')).toEqual(['sauna']);
    expect(await find('warm steam room', 'SEMANTIC')).toEqual([]);
    await gateway.embedAll();
    expect(await find('warm steam room', 'SEMANTIC')).toEqual(['sauna']);
  });
});

test('several searches of one request are answered as each would be alone', async () => {
  const texts = ['hot water', 'piano', 'where do I leave my car', unknownWord, '"the bus" -noon', 'eggs'];
  const fields = texts.map(
    (_, i) => `s${i}: search(input: $s${i}) { ... on SearchConnection { mode edges { score node { externalId } } } }`,
  );
  const query = `query(${texts.map((_, i) => `$s${i}: SearchInput!`).join(', ')}) { ${fields.join('\n')} }`;
  const variables = Object.fromEntries(texts.map((text, i) => [`s${i}`, { text }]));
  const together = await client.query<Record<string, Pick<SearchHits, 'mode' | 'edges'>>>(query, variables);
  for (const [i, text] of texts.entries()) {
    const alone = await client.search({ text });
    expect(together[`s${i}`]).toMatchObject({
      mode: alone.mode,
      edges: alone.edges.map(({ score, node: { externalId } }) => ({ score, node: { externalId } })),
    });
  }
});
