import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../../src/http/listen.ts';
import { type AnswerPart, joinParts, readParts } from '../support/answer-parts.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const slow = `{ search(input: { text: "boiler" }, first: 3) { ... on SearchConnection {
  edges { score node { title ... @defer(label: "text") { body similar(first: 2) { edges { node { title } } } } } }
  ... @defer(label: "why") { explain { strategy } }
} } }`;
const plain = slow.replaceAll(/ @defer\(label: "\w+"\)/g, '');
const manyParts = '... @defer { __typename } '.repeat(20);
const streamed = `{ documents(first: 20) { edges @stream(initialCount: 2) { node { title body } } } }`;

describe('slow parts of an answer', () => {
  let gateway: TestGateway;
  let client: Client;
  let listening: Listening;
  beforeAll(async () => {
    gateway = await openTestGateway();
    client = await openClient(gateway, 'alpha');
    await client.upsert(
      Array.from({ length: 20 }, (_, index) => ({
        externalId: `d${index}`,
        collection: 'help',
        title: `House ${index}`,
        body: `The boiler of house ${index} is off. `.repeat(20),
      })),
    );
    await gateway.embedAll();
    listening = await listen(gateway.gateway, { host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await listening.close();
    await gateway.close();
  });

  const ask = (
    query: string,
    accept?: string,
    { token = client.token, ...init }: RequestInit & { token?: string } = {},
  ) =>
    fetch(`${listening.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'accept-encoding': 'br, gzip',
        'x-request-id': 'in-parts',
        ...(accept !== undefined && { accept }),
      },
      body: JSON.stringify({ query }),
      ...init,
    });
  const partsOf = async (response: Response) => {
    const parts: AnswerPart[] = [];
    for await (const part of readParts(response)) parts.push(part);
    return parts;
  };
  const errorsOf = (parts: readonly AnswerPart[]) =>
    parts.flatMap(({ errors = [], incremental = [] }) => [
      ...errors,
      ...incremental.flatMap((part) => part.errors ?? []),
    ]);

  describe.each([
    ['multipart', 'multipart/mixed; deferSpec=20220824, application/json', /^multipart\/mixed; boundary="-"/],
    ['events', 'text/event-stream', /^text\/event-stream/],
    ['multipart for whoever takes anything', '*/*', /^multipart\/mixed/],
  ])('as %s', (_, accept, type) => {
    let response: Response;
    let parts: AnswerPart[];
    beforeAll(async () => {
      response = await ask(slow, accept);
      parts = await partsOf(response);
    });

    test('come after the others, and add up to the whole answer', async () => {
      expect(response.headers.get('content-type')).toMatch(type);
      expect(parts.length).toBeGreaterThan(1);
      expect(JSON.stringify(parts[0])).toContain('House');
      expect(JSON.stringify(parts[0])).not.toMatch(/strategy|boiler of house/);
      expect(joinParts(parts)).toEqual(await client.query(plain));
      expect(parts.map(({ hasNext }) => hasNext)).toEqual(parts.map((__, at) => at < parts.length - 1));
    });

    test('bring the price once, with the first', () => {
      const costs = parts.map(({ extensions }) => extensions?.cost);
      expect(costs).toEqual([
        { price: expect.any(Number), limit: expect.any(Number) },
        ...costs.slice(1).fill(undefined),
      ]);
    });

    test('are kept by no cache, not compressed, and have the request id', () => {
      expect(response.headers.get('cache-control')).toBe('private, no-store');
      expect(response.headers.get('content-encoding') ?? 'none').toBe('none');
      expect(response.headers.get('x-request-id')).toBe('in-parts');
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    });
  });

  test('cost what they cost at once, and a point each', async () => {
    const [first] = await partsOf(await ask(slow, 'multipart/mixed'));
    const whole = (await (await ask(plain)).json()) as AnswerPart;
    const priceOf = (answer: AnswerPart | undefined) =>
      (answer?.extensions?.cost as { price: number } | undefined)?.price;
    // One for each of three hits, and one for the explanation.
    expect(priceOf(first)).toBe(priceOf(whole)! + 4);
  });

  test.each(['application/json', 'application/graphql-response+json'])(
    'are in the answer itself for a client that takes %s alone',
    async (accept) => {
      const response = await ask(slow, accept);
      expect(response.headers.get('content-type')).toMatch(accept);
      const answer = (await response.json()) as AnswerPart;
      expect(answer.data).toEqual(await client.query(plain));
      expect(answer).not.toHaveProperty('hasNext');
    },
  );

  test('can be items of a list', async () => {
    const parts = await partsOf(await ask(streamed, 'multipart/mixed'));
    expect(parts[0]?.data).toMatchObject({ documents: { edges: { length: 2 } } });
    expect(joinParts(parts)).toEqual(await client.query(streamed.replace(/@stream\(.*?\)/, '')));
  });

  test('are refused by themselves, with a code and the request id, and the others are there', async () => {
    const query = '{ documents(first: 1) { edges { node { title ... @defer { body } } } } }';
    const searchOnly =
      '{ search(input: { text: "boiler" }, first: 1) { ... on SearchConnection { edges { node { title ... @defer { body } } } } } }';
    const refused = await partsOf(
      await ask(searchOnly, 'multipart/mixed', { token: await gateway.tokenFor('alpha', ['search']) }),
    );
    const [first, ...rest] = refused;
    expect(first).toMatchObject({
      data: { search: { edges: [{ node: { title: expect.stringContaining('House') } }] } },
    });
    expect(errorsOf(rest).map(({ extensions }) => extensions)).toEqual([{ code: 'FORBIDDEN', requestId: 'in-parts' }]);
    const granted = await partsOf(await ask(query, 'multipart/mixed'));
    expect(JSON.stringify(granted)).toContain('boiler of house');
  });

  test('are masked where they fail for a reason that is nobody else’s business', async () => {
    const query = '{ viewer { tenantId } ... @defer { documents(first: 1) { edges { node { body } } } } }';
    await gateway.db.owner.query('alter table documents rename column body to renamed');
    try {
      const parts = await partsOf(await ask(query, 'multipart/mixed'));
      expect(parts[0]?.data).toEqual({ viewer: { tenantId: 'alpha' } });
      expect(errorsOf(parts)).toEqual([
        expect.objectContaining({ extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'in-parts' } }),
      ]);
      expect(JSON.stringify(parts)).not.toMatch(/renamed|relation|exist/);
    } finally {
      await gateway.db.owner.query('alter table documents rename column renamed to body');
    }
    expect(errorsOf(await partsOf(await ask(query, 'multipart/mixed')))).toEqual([]);
  });

  test('are looked at before anything runs: limits, labels and where they may stand', async () => {
    for (const [query, code] of [
      [`{ viewer { ${'... @defer { tenantId } '.repeat(60)} } }`, 'QUERY_LIMIT_EXCEEDED'],
      ['{ viewer { tenantId @stream } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ documents { edges @stream(initialCount: -1) { cursor } } }', 'BAD_USER_INPUT'],
      ['{ documents { edges @stream(initialCount: null) { cursor } } }', 'BAD_USER_INPUT'],
      [
        `{ documents(first: 100) { edges { ${manyParts} node { ${manyParts} similar(first: 100) { edges { cursor } } } } } }`,
        'QUERY_TOO_EXPENSIVE',
      ],
      ['mutation { ... @defer { deleteDocuments(ids: []) { deletedIds } } }', 'GRAPHQL_VALIDATION_FAILED'],
    ] as const) {
      const answer = (await (await ask(query)).json()) as AnswerPart;
      expect(
        answer.errors?.map(({ extensions }) => extensions.code),
        query,
      ).toContain(code);
    }
  });

  test('come from a subgraph too, and out of a trusted document', async () => {
    const trustedDocuments = { byId: new Map([['slow', slow]]), only: true };
    const subgraph = await openTestGateway({ federation: true, trustedDocuments });
    await subgraph.upsert('alpha', [
      { externalId: 'a', collection: 'help', title: 'House', body: 'The boiler is off.' },
    ]);
    const response = await subgraph.gateway.fetch('http://tessera.test/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'multipart/mixed',
        authorization: `Bearer ${await subgraph.tokenFor('alpha')}`,
      },
      body: JSON.stringify({ documentId: 'slow' }),
    });
    const parts = await partsOf(response);
    expect(parts.length).toBeGreaterThan(1);
    expect(JSON.stringify(joinParts(parts))).toMatch(/The boiler is off.*strategy/);
    await subgraph.close();
  });
});
