import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Limits } from '../../src/quota.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, dataOf } from '../support/graphql-answer.ts';
import { expectRefusal } from '../support/refusal.ts';

/** Windows that do not end while the tests run. */
const endless = { requestsPerMinute: 2e9, costPointsPerMinute: 2e9, embeddingTokensPerDay: 2e9 };
const viewer = '{ viewer { tenantId } }';
const searchQuery = `query($text: String!, $mode: SearchMode) {
  search(input: { text: $text, mode: $mode }) { ... on SearchConnection { edges { cursor } } ... on Error { code } }
}`;
const upsertMutation = `mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input) {
  ... on UpsertDocumentsPayload { documents { status } }
  ... on QuotaExceededError { code message kind limit remaining resetsAt }
} }`;

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway({ quotaWindowSeconds: endless });
});
afterAll(() => gateway.close());

/** A token of a tenant that an operator has limited. */
async function limited(tenant: string, limits: Limits): Promise<string> {
  const operator = await gateway.tokenFor('operators', ['operator']);
  const query = 'mutation($input: SetTenantLimitsInput!) { setTenantLimits(input: $input) { tenantId } }';
  expect((await gateway.graphql(operator, query, { input: { tenantId: tenant, ...limits } })).errors).toEqual([]);
  return gateway.tokenFor(tenant);
}

function documents(count: number, head = 'd') {
  return Array.from({ length: count }, (_, index) => ({
    collection: 'notes',
    externalId: `${head}${index}`,
    title: 'A lamp',
    body: 'It stands in the window.',
  }));
}

interface Upserted {
  readonly upsertDocuments: { documents?: { status: string }[]; code?: string; message?: string; kind?: string };
}

async function upsert(token: string, input: unknown[]): Promise<Upserted['upsertDocuments']> {
  return dataOf(await gateway.graphql<Upserted>(token, upsertMutation, { input })).upsertDocuments;
}

async function stored(tenant: string, table: 'documents' | 'chunks'): Promise<number> {
  const { rows } = await gateway.db.owner.query<{ count: number }>(
    `select count(*)::int as count from ${table} where tenant_id = $1`,
    [tenant],
  );
  return rows[0]!.count;
}

function quotaIn(answer: Answer): unknown {
  return JSON.parse(answer.text).extensions?.quota;
}

describe('a tenant at its limit of requests', () => {
  test('is refused with 429, with the time to wait and with what is left, and answered with what is left before', async () => {
    const token = await limited('busy', { requestsPerMinute: 3, costPointsPerMinute: 1_000 });
    for (const remaining of [2, 1, 0]) {
      const answer = await gateway.graphql(token, viewer);
      expect(answer.status).toBe(200);
      expect(quotaIn(answer)).toMatchObject([
        { kind: 'REQUESTS_PER_MINUTE', holder: 'TENANT', limit: 3, remaining, resetsAt: expect.any(String) },
        { kind: 'COST_POINTS_PER_MINUTE', limit: 1_000 },
      ]);
    }
    const refused = await gateway.graphql(token, viewer);
    expectRefusal(refused, {
      status: 429,
      code: 'RATE_LIMITED',
      says: /^The tenant may use 3 requests a minute, has 0 left, and the request needs 1\. Try again in \d+ seconds\.$/,
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.errors[0]?.extensions?.quota).toEqual({
      kind: 'REQUESTS_PER_MINUTE',
      holder: 'TENANT',
      limit: 3,
      remaining: 0,
      resetsAt: expect.stringMatching(/^20\d\d-.*Z$/),
    });
    const other = await gateway.graphql(await gateway.tokenFor('idle'), viewer);
    expect([other.status, quotaIn(other)]).toEqual([200, undefined]);
  });

  test('is not counted for what is refused before it is run', async () => {
    const token = await limited('clumsy', { requestsPerMinute: 1 });
    for (const query of [
      '{ nothing }',
      '{ viewer ',
      'query A { viewer { tenantId } } query B { viewer { tenantId } }',
    ]) {
      expect((await gateway.graphql(token, query)).status).toBe(400);
    }
    expect((await gateway.graphql(token, viewer)).status).toBe(200);
    expect((await gateway.graphql(token, viewer)).status).toBe(429);
  });

  test('is refused before anything is written', async () => {
    const token = await limited('stopped', { requestsPerMinute: 0 });
    expectRefusal(await gateway.graphql(token, upsertMutation, { input: documents(1) }), {
      status: 429,
      code: 'RATE_LIMITED',
      says: /may use 0 requests/,
    });
    expect(await stored('stopped', 'documents')).toBe(0);
  });
});

test('a limit of points counts each request by its price', async () => {
  const token = await limited('spender', { costPointsPerMinute: 100 });
  const answer = await gateway.graphql(token, searchQuery, { text: 'lamp' });
  const { cost, quota } = JSON.parse(answer.text).extensions;
  expect(quota).toMatchObject([{ kind: 'COST_POINTS_PER_MINUTE', remaining: 100 - cost.price }]);
  const times = Math.floor(100 / cost.price);
  for (let time = 1; time < times; time++)
    expect((await gateway.graphql(token, searchQuery, { text: 'lamp' })).status).toBe(200);
  expectRefusal(await gateway.graphql(token, searchQuery, { text: 'lamp' }), {
    status: 429,
    code: 'RATE_LIMITED',
    says: RegExp(`100 cost points a minute, has ${100 - times * cost.price} left, and the request needs ${cost.price}`),
  });
});

describe('a limit of stored documents', () => {
  const exceeded = (wanted: number, remaining: number) => ({
    code: 'QUOTA_EXCEEDED',
    kind: 'DOCUMENTS',
    limit: 5,
    remaining,
    resetsAt: null,
    message: `The tenant would have ${wanted} documents; 5 are allowed. Delete some first.`,
  });

  test('takes what fits and nothing of what does not', async () => {
    const token = await limited('collector', { documents: 5 });
    expect((await upsert(token, documents(5))).documents?.length).toBe(5);
    expect(await upsert(token, documents(6))).toEqual(exceeded(6, 0));
    expect(await upsert(token, documents(1, 'more'))).toEqual(exceeded(6, 0));
    // What is there may be changed.
    const changed = documents(5).map((document) => ({ ...document, body: 'It fell.' }));
    expect((await upsert(token, changed)).documents?.map(({ status }) => status)).toEqual(Array(5).fill('UPDATED'));
    const { rows } = await gateway.db.owner.query(`select distinct body from documents where tenant_id = 'collector'`);
    expect(rows).toEqual([{ body: 'It fell.' }]);
  });

  test('is not passed by writes that meet', async () => {
    const token = await limited('crowd', { documents: 5 });
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) => upsert(token, documents(1, `writer ${index} `))),
    );
    expect(outcomes.filter((outcome) => outcome.documents).length).toBe(5);
    expect(outcomes.filter(({ code }) => code === 'QUOTA_EXCEEDED').length).toBe(7);
    expect(await stored('crowd', 'documents')).toBe(5);
  });
});

test('a limit of chunks is kept by writes that meet, and by one that is too long alone', async () => {
  const token = await limited('talker', { chunks: 8 });
  const long = (name: string, paragraphs: number) => ({
    collection: 'notes',
    externalId: name,
    title: 'Long',
    body: Array.from({ length: paragraphs }, (_, i) => `${name} ${i} ${'word after word goes on '.repeat(40)}`).join(
      '\n\n',
    ),
  });
  expect(await upsert(token, [long('alone', 30)])).toMatchObject({ code: 'QUOTA_EXCEEDED', kind: 'CHUNKS', limit: 8 });
  expect(await stored('talker', 'documents')).toBe(0);
  const outcomes = await Promise.all(Array.from({ length: 9 }, (_, index) => upsert(token, [long(`n${index}`, 2)])));
  const written = outcomes.filter((outcome) => outcome.documents).length;
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(9);
  expect(await stored('talker', 'chunks')).toBeLessThanOrEqual(8);
});

describe('a limit of embedding tokens', () => {
  const tokensOf = (text: string) => gateway.deps.embedder.countTokens(text);

  test('counts the texts of queries, remembered or not, and lets KEYWORD search go on', async () => {
    const text = 'where is the lamp';
    const token = await limited('asker', { embeddingTokensPerDay: 2 * tokensOf(text) });
    for (let time = 0; time < 2; time++) expect((await gateway.graphql(token, searchQuery, { text })).status).toBe(200);
    const refused = await gateway.graphql(token, searchQuery, { text });
    expectRefusal(refused, { status: 429, code: 'RATE_LIMITED', says: /embedding tokens a day, has 0 left/ });
    expect(refused.errors[0]?.extensions?.quota).toMatchObject({ kind: 'EMBEDDING_TOKENS_PER_DAY' });
    expect((await gateway.graphql(token, searchQuery, { text, mode: 'KEYWORD' })).status).toBe(200);
  });

  test('counts documents as they are written, and gives back what a write that failed had taken', async () => {
    const [document] = documents(1);
    const tokens = tokensOf(`${document!.title}\n${document!.body}`);
    const token = await limited('writer', { embeddingTokensPerDay: 3 * tokens, documents: 2 });
    expect((await upsert(token, documents(2))).documents?.length).toBe(2);
    // Refused for another reason: its tokens are not counted.
    expect(await upsert(token, documents(1, 'third '))).toMatchObject({ code: 'QUOTA_EXCEEDED', kind: 'DOCUMENTS' });
    const changed = documents(2).map((one) => ({ ...one, body: 'It stands in the corner.' }));
    expect(await upsert(token, changed)).toEqual({
      code: 'QUOTA_EXCEEDED',
      kind: 'EMBEDDING_TOKENS_PER_DAY',
      limit: 3 * tokens,
      remaining: tokens,
      resetsAt: expect.any(String),
      message: expect.stringMatching(
        /^The write needs \d+ embedding tokens a day, more than is left of \d+; there are/,
      ),
    });
    expect((await upsert(token, changed.slice(1))).documents?.[0]?.status).toBe('UPDATED');
    // Unchanged, they cost nothing.
    expect((await upsert(token, documents(1))).documents?.[0]?.status).toBe('UNCHANGED');
  });
});

describe('a request whose writes are all refused over a limit', () => {
  const quota = (change: object) => ({ holder: 'TENANT', remaining: 0, resetsAt: null, ...change });
  const twice = `mutation($a: [UpsertDocumentInput!]!, $b: [UpsertDocumentInput!]!) {
    a: upsertDocuments(input: $a) { __typename } b: upsertDocuments(input: $b) { __typename } }`;
  const refusedOnly = { __typename: 'QuotaExceededError' };

  test.each([
    ['documents', { documents: 1 }, { kind: 'DOCUMENTS', limit: 1, remaining: 1 }, 60],
    ['chunks', { chunks: 1 }, { kind: 'CHUNKS', limit: 1, remaining: 1 }, 60],
    [
      'embedding tokens',
      { embeddingTokensPerDay: 3 },
      { kind: 'EMBEDDING_TOKENS_PER_DAY', limit: 3, remaining: 3, resetsAt: expect.stringMatching(/^20\d\d-.*Z$/) },
      undefined,
    ],
  ])(
    'is answered with 429, the time to wait and what is left of %s, and the result that it asked for',
    async (name, limits, left, wait) => {
      const token = await limited(`whole-${name.replace(' ', '-')}`, limits);
      const refused = await gateway.graphql(token, upsertMutation, { input: documents(2) });
      expect(refused.status).toBe(429);
      expect(dataOf(refused)).toMatchObject({ upsertDocuments: { code: 'QUOTA_EXCEEDED', remaining: left.remaining } });
      expect(quotaIn(refused)).toEqual([quota(left)]);
      const seconds = Number(refused.headers.get('retry-after'));
      if (wait === undefined) expect(seconds).toBeGreaterThan(0);
      else expect(seconds).toBe(wait);
      expect(JSON.parse(refused.text).extensions).not.toHaveProperty('http');
    },
  );

  test('has 200 where anything of it was done, and still tells what was left', async () => {
    const token = await limited('partial', { documents: 2, requestsPerMinute: 100 });
    const answer = await gateway.graphql(token, twice, { a: documents(1), b: documents(3, 'more') });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([200, null]);
    expect(answer.data).toEqual({ a: { __typename: 'UpsertDocumentsPayload' }, b: refusedOnly });
    const left = [{ kind: 'REQUESTS_PER_MINUTE', remaining: 99 }, quota({ kind: 'DOCUMENTS', limit: 2, remaining: 1 })];
    expect(quotaIn(answer)).toMatchObject(left);
    const both = await gateway.graphql(token, twice, { a: documents(5, 'a'), b: documents(5, 'b') });
    expect([both.status, both.data]).toEqual([429, { a: refusedOnly, b: refusedOnly }]);
  });

  test('says whose limit it is, and nothing to a request that is not refused', async () => {
    const token = await limited('within', { documents: 2 });
    const answer = await gateway.graphql(token, upsertMutation, { input: documents(2) });
    expect([answer.status, quotaIn(answer)]).toEqual([200, undefined]);
  });
});

describe('limits of what is stored and embedded', () => {
  const tokensOf = (text: string) => gateway.deps.embedder.countTokens(text);
  const passage = (name: string) => `The ${name} lamp. ${'It stands in the window. '.repeat(40)}`;
  const long = (...names: string[]) => ({
    ...documents(1)[0]!,
    body: names.map((name) => `## ${name}\n\n${passage(name)}`).join('\n\n'),
  });
  const textsOf = async (tenant: string) =>
    (
      await gateway.db.owner.query<{ text: string }>(
        `select context || E'\n' || text as text from chunks where tenant_id = $1`,
        [tenant],
      )
    ).rows.map(({ text }) => text);
  const tokensStored = async (tenant: string) => (await textsOf(tenant)).reduce((sum, text) => sum + tokensOf(text), 0);
  const idsOf = async (token: string) =>
    dataOf(
      await gateway.graphql<{ documents: { edges: { node: { id: string } }[] } }>(
        token,
        '{ documents(first: 100) { edges { node { id } } } }',
      ),
    ).documents.edges.map(({ node }) => node.id);

  test('count of an edit the passages that it changed, and no other', async () => {
    const unlimited = await gateway.tokenFor('editor');
    await upsert(unlimited, [long('first', 'second', 'third')]);
    const before = await textsOf('editor');
    await upsert(unlimited, [long('first', 'changed', 'third')]);
    const added = (await textsOf('editor')).filter((text) => !before.includes(text));
    const tokens = added.reduce((sum, text) => sum + tokensOf(text), 0);
    expect(added.length).toBeGreaterThan(0);
    expect(added.length).toBeLessThan(before.length);
    await upsert(unlimited, [long('first', 'second', 'third')]);
    const token = await limited('editor', { embeddingTokensPerDay: tokens });
    expect((await upsert(token, [long('first', 'changed', 'third')])).documents?.[0]?.status).toBe('UPDATED');
    expect(await upsert(token, [long('first', 'again', 'third')])).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      kind: 'EMBEDDING_TOKENS_PER_DAY',
    });
  });

  test('count what is embedded anew, and undo a re-embedding that is too much', async () => {
    await upsert(await gateway.tokenFor('renewer'), documents(3));
    await gateway.embedAll();
    const tokens = await tokensStored('renewer');
    const token = await limited('renewer', { embeddingTokensPerDay: tokens, chunks: 1 });
    const reembed = `mutation { reembed(collection: "notes") {
      __typename ... on QuotaExceededError { code kind } } }`;
    expect((await gateway.graphql(token, reembed)).data).toEqual({ reembed: { __typename: 'ReembedPayload' } });
    await gateway.embedAll();
    expect((await gateway.graphql(token, reembed)).data).toEqual({
      reembed: { __typename: 'QuotaExceededError', code: 'QUOTA_EXCEEDED', kind: 'EMBEDDING_TOKENS_PER_DAY' },
    });
    expect((await gateway.graphql(token, '{ tenant { pendingChunks } }')).data).toEqual({
      tenant: { pendingChunks: 0 },
    });
  });

  test('count no documents that are deleted or have expired, and count them again where they are restored', async () => {
    const token = await limited('restorer', { documents: 2 });
    await upsert(token, documents(2));
    const ids = await idsOf(token);
    await gateway.graphql(token, 'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }', { ids });
    const expired = documents(1, 'expired ').map((one) => ({ ...one, expiresAt: '2020-01-01T00:00:00Z' }));
    expect((await upsert(token, [...expired, ...documents(1, 'new ')])).documents?.length).toBe(2);
    const restore = (some: string[]) =>
      gateway.graphql(
        token,
        'mutation($ids: [ID!]!) { restoreDocuments(ids: $ids) { __typename ... on QuotaExceededError { kind } } }',
        { ids: some },
      );
    expect((await restore(ids)).data).toEqual({
      restoreDocuments: { __typename: 'QuotaExceededError', kind: 'DOCUMENTS' },
    });
    expect((await restore(ids.slice(1))).data).toEqual({ restoreDocuments: { __typename: 'RestoreDocumentsPayload' } });
    expect(await idsOf(token)).toHaveLength(2);
  });
});

test('an API key is held to its own limit, which names it', async () => {
  const token = await gateway.tokenFor('keyed');
  const { createApiKey } = dataOf(
    await gateway.graphql<{ createApiKey: { key: string; apiKey: { id: string } } }>(
      token,
      'mutation { createApiKey(input: { name: "robot", scopes: ["search"] }) { key apiKey { id } } }',
    ),
  );
  await limited('keyed', { apiKeyId: createApiKey.apiKey.id, requestsPerMinute: 1 } as Limits);
  expect((await gateway.graphql(createApiKey.key, viewer)).status).toBe(200);
  const refused = await gateway.graphql(createApiKey.key, viewer);
  expectRefusal(refused, {
    status: 429,
    code: 'RATE_LIMITED',
    says: /^The API key may use 1 requests a minute, has 0/,
  });
  expect(refused.errors[0]?.extensions?.quota).toMatchObject({ holder: 'API_KEY', limit: 1 });
  expect((await gateway.graphql(token, viewer)).status).toBe(200);
});

test('what is set is shown to operators', async () => {
  await limited('shown', { requestsPerMinute: 7 });
  const operator = await gateway.tokenFor('operators', ['operator']);
  const query = '{ tenantLimits(tenantId: "shown") { tenantId apiKeyId requestsPerMinute documents overrides } }';
  expect((await gateway.graphql(operator, query)).data).toEqual({
    tenantLimits: {
      tenantId: 'shown',
      apiKeyId: null,
      requestsPerMinute: 7,
      documents: null,
      overrides: ['REQUESTS_PER_MINUTE'],
    },
  });
});
