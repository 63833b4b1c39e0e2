import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCircuitBreaker } from '../../src/embed/circuit-breaker.ts';
import { limitTokens } from '../../src/embed/limit-tokens.ts';
import { createOpenAiEmbedder } from '../../src/embed/openai-embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { createTokenBudget } from '../../src/embed/token-budget.ts';
import { openUnreachableDatabase } from '../support/closed-port.ts';
import { describeServer } from '../support/database.ts';
import { type EmbeddingServer, type Misbehaviour, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import {
  type Client,
  deleteMutation,
  documentsQuery,
  externalIds,
  type Failure,
  openClient,
  searchQuery,
  upsertMutation,
} from '../support/operations.ts';
import { expectRefusal } from '../support/refusal.ts';
import { countRows } from '../support/stored-rows.ts';

const documents = [{ externalId: 'boiler', collection: 'help', title: 'No hot water', body: 'The boiler is off.' }];

describe('a database that is down', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await openTestGateway({ serveFrom: openUnreachableDatabase });
  });
  afterAll(() => gateway.close());

  const id = Buffer.from('Document:00000000-0000-7000-8000-000000000000').toString('base64');

  test.each([
    ['search', searchQuery, { input: { text: 'hot water' } }],
    ['documents', documentsQuery, {}],
    ['document', 'query($id: ID!) { document(id: $id) { id } }', { id }],
    ['node', 'query($id: ID!) { node(id: $id) { id } }', { id }],
    ['collections', '{ collections { name } }', {}],
    ['tenant', '{ tenant { documents } }', {}],
    ['upsertDocuments', upsertMutation, { input: documents }],
    ['deleteDocuments', deleteMutation, { ids: [id] }],
  ])('refuses %s with 503, and the log has the reason under the request id', async (_, query, variables) => {
    const answer = await gateway.graphql(await gateway.tokenFor('alpha'), query, variables);
    expectRefusal(answer, {
      status: 503,
      code: 'DATABASE_UNAVAILABLE',
      says: /cannot be reached right now; nothing was changed\. Try again in a moment/,
    });
    const entry = gateway.logged.find(({ requestId }) => requestId === answer.headers.get('x-request-id'));
    expect(JSON.stringify(entry)).toContain('ECONNREFUSED');
    expect(JSON.stringify(entry)).not.toContain('secret-of-the-test');
  });

  test('leaves alone what needs no database', async () => {
    const answer = await gateway.graphql(await gateway.tokenFor('alpha'), '{ __typename }');
    expect([answer.status, answer.data]).toEqual([200, { __typename: 'Query' }]);
  });
});

describeServer('connections that the server ends', () => {
  let gateway: TestGateway;
  let alpha: Client;
  beforeAll(async () => {
    gateway = await openTestGateway();
    alpha = await openClient(gateway, 'alpha');
    await alpha.upsert(documents);
  });
  afterAll(() => gateway.close());

  test('cost at most the requests in hand: the next one is answered', async () => {
    const { owner } = gateway.db;
    for (let round = 0; round < 5; round++) {
      const inHand = Array.from({ length: 20 }, () => gateway.graphql(alpha.token, documentsQuery));
      await owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'tessera_gateway'`,
      );
      for (const answer of await Promise.all(inHand)) {
        if (answer.errors.length > 0)
          expectRefusal(answer, { status: 503, code: 'DATABASE_UNAVAILABLE', says: /cannot be reached/ });
      }
      await wait(50);
      expect(externalIds(await alpha.documents())).toEqual(['boiler']);
    }
  });

  test('in the middle of a write leave nothing of it behind', async () => {
    const { owner } = gateway.db;
    const before = await countRows(owner);
    const body = 'A sentence of a long document, which takes a while to write. '.repeat(4_000);
    const writing = gateway.graphql(alpha.token, upsertMutation, {
      input: Array.from({ length: 10 }, (_, i) => ({ externalId: `long-${i}`, collection: 'c', title: 'Long', body })),
    });
    let ended = 0;
    while (ended === 0) {
      const { rows } = await owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'tessera_gateway' and query like 'insert into "chunks"%'`,
      );
      ended = rows.length;
    }
    expectRefusal(await writing, { status: 503, code: 'DATABASE_UNAVAILABLE', says: /nothing was changed/ });
    expect(await countRows(owner)).toEqual(before);
  });
});

describe('an embedding provider', () => {
  let provider: EmbeddingServer;
  let gateway: TestGateway;
  let alpha: Client;
  beforeAll(async () => {
    provider = await startEmbeddingServer();
    const embedder = createOpenAiEmbedder({
      baseUrl: provider.baseUrl,
      apiKey: 'key-of-the-test',
      model: 'test-embedding',
      dimensions: 512,
      timeoutMs: 300,
      maxBatch: 32,
    });
    gateway = await openTestGateway({ embedder });
    alpha = await openClient(gateway, 'alpha');
    await alpha.upsert(documents);
    await gateway.embedAll();
  });
  afterAll(async () => {
    await gateway.close();
    await provider.close();
  });
  beforeEach(() => provider.behave());

  const faults: [string, Misbehaviour, string, RegExp][] = [
    ['is too slow', { kind: 'delay', delayMs: 800 }, 'EMBEDDER_TIMEOUT', /did not answer within 300 ms/],
    ['fails', { kind: 'status', status: 500 }, 'EMBEDDER_UNAVAILABLE', /HTTP status 500/],
    ['is overloaded', { kind: 'status', status: 429 }, 'EMBEDDER_UNAVAILABLE', /429 .*rate limit/],
    ['hangs up', { kind: 'cut', after: 'half' }, 'EMBEDDER_UNAVAILABLE', /cannot be reached, or broke off/],
    ['refuses the key', { kind: 'status', status: 401 }, 'EMBEDDER_REJECTED', /API key is missing or wrong/],
    ['answers with something else', { kind: 'invalidJson' }, 'EMBEDDER_REJECTED', /./],
    ['sends too few components', { kind: 'wrongDimensions' }, 'EMBEDDER_REJECTED', /./],
    ['sends NaN', { kind: 'notANumber' }, 'EMBEDDER_REJECTED', /./],
    ['sends zeros', { kind: 'zeros' }, 'EMBEDDER_REJECTED', /./],
  ];

  test.each(faults)('that %s is answered as data, and KEYWORD search works on', async (what, fault, code, says) => {
    provider.misbehave(fault);
    for (const mode of ['HYBRID', 'SEMANTIC']) {
      // Queries are remembered, so every search asks for something new.
      const input = { text: `hot water when it ${what}`, mode };
      const answer = await gateway.graphql<{ search: Failure }>(alpha.token, searchQuery, { input });
      expect([answer.status, answer.errors]).toEqual([200, []]);
      expect(answer.data?.search).toMatchObject({ __typename: 'EmbedderError', code });
      expect(answer.data?.search.message).toMatch(says);
      expect(answer.text).not.toMatch(/key-of-the-test|127\.0\.0\.1/);
    }
    expect(externalIds(await alpha.search({ text: `hot water when it ${what}`, mode: 'KEYWORD' }))).toEqual(['boiler']);
    provider.behave();
    const again = await alpha.search({ text: `hot water when it ${what}` });
    expect(again.edges[0]).toMatchObject({ node: { externalId: 'boiler' }, scores: { vector: expect.any(Number) } });
  });

  test('that is asked with a wrong key, and repeats key and texts, leaves neither in the log nor in the database', async () => {
    const body = 'A sentence that is nobody’s business.';
    provider.misbehave({ kind: 'status', status: 401, body: `{"error":"key-of-the-test cannot embed ${body}"}` });
    await alpha.upsert([{ externalId: 'private', collection: 'help', title: 'Private', body }]);
    await gateway.embedAll();
    await alpha.query(searchQuery, { input: { text: body, mode: 'SEMANTIC' } });
    const { rows } = await gateway.db.owner.query('select last_error from embedding_jobs');
    expect(rows).toEqual([{ last_error: expect.stringContaining('the API key is missing or wrong') }]);
    expect(JSON.stringify([rows, gateway.logged])).not.toMatch(/key-of-the-test|nobody/);
    const { rows: everything } = await gateway.db.owner.query(
      `select schema_to_xml('tessera', true, false, '')::text as content`,
    );
    expect(everything[0].content).toContain('nobody');
    expect(everything[0].content).not.toContain('key-of-the-test');
    await alpha.delete((await alpha.documents({ externalId: { eq: 'private' } })).edges.map(({ node }) => node.id));
  });

  test('that fails spoils one search of a request and not the other', async () => {
    provider.misbehave({ kind: 'status', status: 503 });
    const query = `{
      words: search(input: { text: "hot water", mode: KEYWORD }) { __typename }
      meaning: search(input: { text: "warm bath", mode: SEMANTIC }) { __typename ... on Error { code } }
    }`;
    expect(await alpha.query(query)).toEqual({
      words: { __typename: 'SearchConnection' },
      meaning: { __typename: 'EmbedderError', code: 'EMBEDDER_UNAVAILABLE' },
    });
  });

  test('that is down keeps nobody from storing documents and finding them by their words', async () => {
    provider.misbehave({ kind: 'status', status: 503 });
    await alpha.upsert([{ externalId: 'sauna', collection: 'help', title: 'The sauna', body: 'Open until ten.' }]);
    expect(externalIds(await alpha.search({ text: 'sauna', mode: 'KEYWORD' }))).toEqual(['sauna']);
    expect(
      await alpha.delete((await alpha.documents({ title: { eq: 'The sauna' } })).edges.map((e) => e.node.id)),
    ).toHaveLength(1);
  });
});

describe('an embedding provider behind a circuit breaker', () => {
  test('is not waited for again and again, and is found once it is back', async () => {
    await using provider = await startEmbeddingServer();
    let now = 0;
    const embedder = createOpenAiEmbedder({
      ...{ baseUrl: provider.baseUrl, model: 'test-embedding', dimensions: 512, timeoutMs: 300, maxBatch: 32 },
      breaker: createCircuitBreaker({ failures: 2, pauseMs: 1_000, nowMs: () => now }),
    });
    const gateway = await openTestGateway({ embedder });
    try {
      const alpha = await openClient(gateway, 'alpha');
      await alpha.upsert(documents);
      await gateway.embedAll();
      provider.requests.length = 0;
      provider.misbehave({ kind: 'delay', delayMs: 800 });
      const ask = async (text: string, mode = 'SEMANTIC') =>
        (await alpha.query<{ search: Partial<Failure> }>(searchQuery, { input: { text, mode } })).search;
      expect(await ask('first')).toMatchObject({ code: 'EMBEDDER_TIMEOUT' });
      expect(await ask('second')).toMatchObject({ code: 'EMBEDDER_TIMEOUT' });
      for (let i = 0; i < 5; i++) {
        expect(await ask(`more ${i}`)).toMatchObject({
          code: 'EMBEDDER_UNAVAILABLE',
          message: 'The embedding provider failed 2 times in a row, and is asked again in 1 s at the earliest.',
        });
      }
      expect(provider.requests).toHaveLength(2);
      expect(await ask('hot water', 'KEYWORD')).toMatchObject({ __typename: 'SearchConnection' });
      provider.behave();
      now = 1_000;
      expect(await ask('hot water')).toMatchObject({ __typename: 'SearchConnection' });
    } finally {
      await gateway.close();
    }
  });
});

describe('a tenant that has used up its budget of embedding tokens', () => {
  test('is told when it can go on, while others go on', async () => {
    const embedder = limitTokens(loadStaticEmbedder(), createTokenBudget({ tokensPerMinute: 30 }));
    const gateway = await openTestGateway({ embedder });
    try {
      const [alpha, beta] = [await openClient(gateway, 'alpha'), await openClient(gateway, 'beta')];
      // Queries pass the budget that stands before the cache in a real process; here it stands behind it, for documents.
      await alpha.upsert([{ ...documents[0]!, body: 'The boiler is off. '.repeat(20) }]);
      await beta.upsert(documents);
      await gateway.embedAll();
      await alpha.upsert([{ ...documents[0]!, externalId: 'later' }]);
      await beta.upsert([{ ...documents[0]!, externalId: 'later' }]);
      await gateway.embedAll();
      const { rows } = await gateway.db.owner.query('select tenant_id, last_error from embedding_jobs');
      expect(rows).toEqual([
        { tenant_id: 'alpha', last_error: expect.stringMatching(/budget of embedding tokens is used up/) },
      ]);
    } finally {
      await gateway.close();
    }
  });
});

describe('a request', () => {
  let provider: EmbeddingServer;
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    provider = await startEmbeddingServer();
    const options = {
      baseUrl: provider.baseUrl,
      model: 'test-embedding',
      dimensions: 512,
      timeoutMs: 20_000,
      maxBatch: 32,
    };
    gateway = await openTestGateway({ embedder: createOpenAiEmbedder(options), requestTimeoutMs: 700 });
    token = await gateway.tokenFor('alpha');
  });
  afterAll(async () => {
    await gateway.close();
    await provider.close();
  });

  test('that takes too long is given up with 504, and the next one is answered', async () => {
    provider.misbehave({ kind: 'delay', delayMs: 2_000 }, 1);
    const slow = await gateway.graphql(token, searchQuery, { input: { text: 'a slow one' } });
    expectRefusal(slow, { status: 504, code: 'REQUEST_TIMEOUT', says: /longer than the 700 ms that are allowed/ });
    expect((await gateway.graphql(token, searchQuery, { input: { text: 'a fast one' } })).status).toBe(200);
  });

  test('that its client gives up is not logged as a fault', async () => {
    provider.misbehave({ kind: 'delay', delayMs: 2_000 }, 1);
    const client = new AbortController();
    const asked = provider.requests.length;
    const going = gateway.gateway.fetch('http://tessera.test/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: searchQuery, variables: { input: { text: 'never mind' } } }),
      signal: client.signal,
    });
    while (provider.requests.length === asked) await wait(5);
    client.abort();
    await Promise.resolve(going).catch(() => {});
    await wait(50);
    expect(gateway.logged.filter(({ level }) => level === 'error')).toEqual([]);
    expect((await gateway.graphql(token, '{ viewer { tenantId } }')).status).toBe(200);
  });
});
