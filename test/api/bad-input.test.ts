import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defaultClaimNames } from '../../src/auth/claims.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/graphql-answer.ts';
import {
  type Client,
  deleteMutation,
  documentsQuery,
  openClient,
  searchQuery,
  upsertMutation,
} from '../support/operations.ts';
import { type ExpectedRefusal, expectRefusal } from '../support/refusal.ts';
import { countRows } from '../support/stored-rows.ts';

const megabyte = 1_000_000;
const maxBodyBytes = 2_000_000;
const dimensions = 512;

let gateway: TestGateway;
let alpha: Client;
let before: Record<string, number>;

beforeAll(async () => {
  gateway = await openTestGateway({ maxBodyBytes });
  alpha = await openClient(gateway, 'alpha');
  await alpha.upsert([
    {
      externalId: 'boiler',
      collection: 'help',
      title: 'No hot water',
      body: 'The boiler is off. Press the red button.',
    },
    { externalId: 'bus', collection: 'help', title: 'The bus', body: 'It leaves at the front door every hour.' },
  ]);
  await gateway.embedAll();
});
afterAll(() => gateway.close());

beforeEach(async () => {
  before = await countRows(gateway.db.owner);
});

afterEach(async () => {
  expect(await countRows(gateway.db.owner), 'nothing is written').toEqual(before);
  const { edges } = await alpha.search({ text: 'hot water' });
  expect(edges[0]?.node.externalId, 'the next request is answered').toBe('boiler');
});

/** Sends a request body as it is. */
function post(body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { token } = alpha;
  return gateway.send('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body,
  });
}

const search = (input: unknown, page: Record<string, unknown> = {}): Promise<Answer> =>
  gateway.graphql(alpha.token, searchQuery, { input, ...page });

/** A variable as JSON text that `JSON.stringify` cannot write. */
const searchVector = (json: string): Promise<Answer> =>
  post(JSON.stringify({ query: searchQuery, variables: { input: { vector: '@' } } }).replace('"@"', json));

const components = (component: string) => `[${Array(dimensions).fill(component).join()}]`;

interface Case extends ExpectedRefusal {
  readonly name: string;
  send(): Promise<Answer>;
}

const badInput = { status: 400, code: 'BAD_USER_INPUT' } as const;
const badRequest = { status: 400, code: 'BAD_REQUEST' } as const;
const unparsed = { status: 400, code: 'GRAPHQL_PARSE_FAILED' } as const;
const invalid = { status: 400, code: 'GRAPHQL_VALIDATION_FAILED' } as const;

const requests: Case[] = [
  {
    name: 'JSON that ends early',
    ...badRequest,
    says: /not JSON: Unterminated string .* position 12/,
    send: () => post('{"query": "{'),
  },
  { name: 'no body', ...badRequest, says: /not JSON: Unexpected end/, send: () => post('') },
  { name: 'a list of requests', ...badRequest, says: /a list of 2; one request/, send: () => post('[{}, {}]') },
  { name: 'a number as the body', ...badRequest, says: /object but received number/, send: () => post('1') },
  { name: 'null as the body', ...badRequest, says: /object but received null/, send: () => post('null') },
  { name: 'a body without a query', ...badRequest, says: /has no query/, send: () => post('{}') },
  { name: 'a number as the query', ...badRequest, says: /given number/, send: () => post('{"query": 1}') },
  {
    name: 'variables that are no object',
    ...badRequest,
    says: /variables.* given string/,
    send: () => post('{"query": "{ __typename }", "variables": "x"}'),
  },
  {
    name: 'variables in a URL that are not JSON',
    ...badRequest,
    says: /parameter of the request is not JSON/,
    send: () => gateway.send('/graphql?query={__typename}&variables=%7B', {}),
  },
  {
    name: 'a field of the body that means nothing',
    ...badRequest,
    says: /Unexpected parameter "quarry"/,
    send: () => post('{"query": "{ __typename }", "quarry": 1}'),
  },
  {
    name: 'a mutation in a URL',
    status: 405,
    code: 'BAD_REQUEST',
    says: /mutation .* POST/,
    send: () => gateway.send('/graphql?query=mutation{deleteDocuments(ids:[]){deletedIds}}', {}),
  },
  {
    name: 'another method',
    status: 405,
    code: 'BAD_REQUEST',
    says: /only supports GET and POST/,
    send: () => gateway.send('/graphql', { method: 'DELETE' }),
  },
  {
    name: 'a body of another type',
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    says: /send application\/json/,
    send: () => post('{ __typename }', { 'content-type': 'text/plain' }),
  },
  {
    name: 'a type of answer that there is not',
    status: 406,
    code: 'NOT_ACCEPTABLE',
    says: /Accept header .* application\/json/,
    send: () => post('{"query": "{ __typename }"}', { accept: 'image/png' }),
  },
  {
    name: 'a body above the limit, announced',
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    says: /at most 2000000 bytes/,
    send: () => search({ text: 'x'.repeat(maxBodyBytes) }),
  },
  {
    name: 'a body above the limit, in pieces of unknown number',
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    says: /at most 2000000 bytes/,
    send: () => {
      const pieces = Array(40).fill(new TextEncoder().encode(' '.repeat(100_000)));
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${alpha.token}` },
        body: Readable.toWeb(Readable.from(pieces)),
        duplex: 'half',
      };
      return gateway.send('/graphql', init as RequestInit);
    },
  },
];

const graphql: Case[] = [
  {
    name: 'a GraphQL text that ends early',
    ...unparsed,
    says: /Expected Name, found <EOF>/,
    send: () => gateway.graphql(alpha.token, '{ search('),
  },
  {
    name: 'text that is no GraphQL',
    ...unparsed,
    says: /Unexpected Name "select"/,
    send: () => gateway.graphql(alpha.token, 'select * from documents'),
  },
  {
    name: 'more tokens than are read',
    ...unparsed,
    says: /more that 10000 tokens/,
    send: () => gateway.graphql(alpha.token, `{ ${'viewer { tenantId } '.repeat(3_000)} }`),
  },
  {
    name: 'a text nested without end',
    ...badInput,
    says: /nested too deeply/,
    send: () => gateway.graphql(alpha.token, '{a'.repeat(200_000)),
  },
  {
    name: 'a value nested without end',
    ...badInput,
    says: /nested too deeply/,
    send: () =>
      post(
        `{"query": ${JSON.stringify(searchQuery)}, "variables": {"input": {"text": "x", "filter": ${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}}}}`,
      ),
  },
  {
    name: 'an unknown field',
    ...invalid,
    says: /Cannot query field "vewer" .* "viewer"/,
    send: () => gateway.graphql(alpha.token, '{ vewer { tenantId } }'),
  },
  {
    name: 'a thousand unknown fields',
    ...invalid,
    says: /Cannot query field "f0"/,
    send: () => gateway.graphql(alpha.token, `{ ${Array.from({ length: 1_000 }, (_, i) => `f${i}`).join(' ')} }`),
  },
  {
    name: 'an unknown argument',
    ...invalid,
    says: /Unknown argument "limit"/,
    send: () => gateway.graphql(alpha.token, '{ documents(limit: 3) { edges { cursor } } }'),
  },
  {
    name: 'a missing selection',
    ...invalid,
    says: /"viewer" .* must have a selection/,
    send: () => gateway.graphql(alpha.token, '{ viewer }'),
  },
  {
    name: 'two operations and no name',
    status: 400,
    code: 'OPERATION_RESOLUTION_FAILURE',
    says: /what operation/,
    send: () => gateway.graphql(alpha.token, 'query A { __typename } query B { __typename }'),
  },
  {
    name: 'a missing variable',
    ...badInput,
    says: /"\$input" of required type "SearchInput!" was not provided/,
    send: () => gateway.graphql(alpha.token, searchQuery),
  },
  {
    name: 'an unknown input field',
    ...badInput,
    says: /"limit" is not defined by type "SearchInput"/,
    send: () => search({ text: 'x', limit: 3 }),
  },
  {
    name: 'an unknown mode',
    ...badInput,
    says: /"FUZZY" does not exist in "SearchMode"/,
    send: () => search({ text: 'x', mode: 'FUZZY' }),
  },
  {
    name: 'a megabyte in the place of a number',
    ...badInput,
    says: /Variable "\$first" got invalid value/,
    send: () => search({ text: 'x' }, { first: 'x'.repeat(megabyte) }),
  },
];

const texts: Case[] = [
  { name: 'an empty text', ...badInput, says: /text is empty; give it at least one/, send: () => search({ text: '' }) },
  { name: 'a text of blanks', ...badInput, says: /text is empty/, send: () => search({ text: ' \n\t\u2003' }) },
  {
    name: 'a megabyte of text',
    ...badInput,
    says: /1000000 characters; at most 8000/,
    send: () => search({ text: 'x'.repeat(megabyte) }),
  },
  { name: 'a text with NUL', ...badInput, says: /NUL/, send: () => search({ text: 'hot\0water' }) },
  {
    name: 'half of a surrogate pair',
    ...badInput,
    says: /half of a surrogate pair/,
    send: () => search({ text: 'hot \ud83d' }),
  },
  {
    name: 'neither text nor vector',
    ...badInput,
    says: /either "text" or "vector"; neither came/,
    send: () => search({}),
  },
  {
    name: 'text and vector',
    ...badInput,
    says: /either "text" or "vector"; both came/,
    send: () => search({ text: 'x', vector: [1] }),
  },
];

const vectors: Case[] = [
  {
    name: 'a vector that is too short',
    ...badInput,
    says: /2 components: this model's vectors have 512/,
    send: () => searchVector('[1, 2]'),
  },
  {
    name: 'a vector that is too long',
    ...badInput,
    says: /100000 components: .* have 512/,
    send: () => searchVector(`[${Array(100_000).fill('1').join()}]`),
  },
  { name: 'an empty vector', ...badInput, says: /0 components: .* have 512/, send: () => searchVector('[]') },
  {
    name: 'a vector of zeros',
    ...badInput,
    says: /no direction: all of its 512 components are zero/,
    send: () => searchVector(components('0')),
  },
  {
    name: 'a vector whose first 256 components are zero',
    ...badInput,
    says: /first 256 components are all zero/,
    send: () => searchVector(`[${[...Array(256).fill(0), ...Array(256).fill(1)]}]`),
  },
  {
    name: 'NaN as JSON has it, null',
    ...badInput,
    says: /got invalid value null at "input\.vector\[0\]"/,
    send: () => searchVector(components('null')),
  },
  {
    name: 'NaN as a word',
    ...badRequest,
    says: /not JSON: Unexpected token 'N'/,
    send: () => searchVector(components('NaN')),
  },
  {
    name: 'NaN as a text',
    ...badInput,
    says: /invalid value "NaN" at "input\.vector\[0\]"/,
    send: () => searchVector(components('"NaN"')),
  },
  {
    name: 'a number beyond float64',
    ...badInput,
    says: /invalid value Infinity at "input\.vector\[0\]"/,
    send: () => searchVector(components('1e999')),
  },
  {
    name: 'a vector in the mode KEYWORD',
    ...badInput,
    says: /its mode is SEMANTIC, not KEYWORD/,
    send: () => search({ vector: [1], mode: 'KEYWORD' }),
  },
];

const pages: Case[] = [-1, 0, 101, 1_001, 2_147_483_647].flatMap((first) => [
  {
    name: `a search for the first ${first}`,
    ...badInput,
    says: RegExp(`"first" is ${first}; .* 1 to 100`),
    send: () => search({ text: 'hot water' }, { first }),
  },
  {
    name: `a list of the first ${first}`,
    ...badInput,
    says: RegExp(`"first" is ${first}; .* 1 to 100`),
    send: () => gateway.graphql(alpha.token, documentsQuery, { first }),
  },
]);
pages.push(
  {
    name: 'half a hit',
    ...badInput,
    says: /"\$first" got invalid value 1\.5/,
    send: () => search({ text: 'x' }, { first: 1.5 }),
  },
  {
    name: 'three billion hits',
    ...badInput,
    says: /invalid value 3000000000/,
    send: () => search({ text: 'x' }, { first: 3e9 }),
  },
  {
    name: 'too few candidates',
    ...badInput,
    says: /"candidates" is 9; .* 10 to 1000/,
    send: () => search({ text: 'x', candidates: 9 }),
  },
  {
    name: 'too many candidates',
    ...badInput,
    says: /"candidates" is 1001; .* 10 to 1000/,
    send: () => search({ text: 'x', candidates: 1_001 }),
  },
);

const notCursors = [
  '',
  'garbage',
  'WyJ4Il0',
  Buffer.from('["x", 1]').toString('base64url'),
  'x'.repeat(10_000),
  'eyJhIjoxfQ',
  "' or 1 = 1 --",
];
const cursors: Case[] = notCursors.flatMap((after) => [
  {
    name: `the cursor ${JSON.stringify(after.slice(0, 20))} of a search`,
    status: 400,
    code: 'INVALID_CURSOR',
    says: /cursor given as "after"/,
    send: () => search({ text: 'hot water' }, { after }),
  },
  {
    name: `the cursor ${JSON.stringify(after.slice(0, 20))} of a list`,
    status: 400,
    code: 'INVALID_CURSOR',
    says: /cursor given as "after"/,
    send: () => gateway.graphql(alpha.token, documentsQuery, { after }),
  },
]);

const filters: Case[] = [
  {
    name: 'a filter with NUL',
    ...badInput,
    says: /NUL/,
    send: () => search({ text: 'x', filter: { metadata: [{ key: 'a\0', text: { eq: 'b' } }] } }),
  },
  {
    name: 'a filter with too many conditions',
    ...badInput,
    says: /more than 64 conditions/,
    send: () => search({ text: 'x', filter: { or: Array(65).fill({ title: { eq: 'x' } }) } }),
  },
  {
    name: 'a filter with too long a list',
    ...badInput,
    says: /a list of 101; at most 100/,
    send: () => search({ text: 'x', filter: { title: { in: Array(101).fill('x') } } }),
  },
  {
    name: 'a filter by a day that never was',
    ...badInput,
    says: /"input\.filter\.createdAt\.gt"/,
    send: () => search({ text: 'x', filter: { createdAt: { gt: '2026-02-30T00:00:00Z' } } }),
  },
  {
    name: 'too many collections',
    ...badInput,
    says: /"collections" names 33; at most 32/,
    send: () => search({ text: 'x', collections: Array(33).fill('x') }),
  },
  { name: 'a collection with NUL', ...badInput, says: /NUL/, send: () => search({ text: 'x', collections: ['a\0b'] }) },
];

const ids: Case[] = [
  '',
  'garbage',
  'RG9jdW1lbnQ6',
  Buffer.from('Tenant:alpha').toString('base64'),
  Buffer.from('Nothing:1').toString('base64'),
].flatMap((id) => [
  {
    name: `node of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: () => gateway.graphql(alpha.token, 'query($id: ID!) { node(id: $id) { id } }', { id }),
  },
  {
    name: `document of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: () => gateway.graphql(alpha.token, 'query($id: ID!) { document(id: $id) { id } }', { id }),
  },
  {
    name: `deletion of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: () => gateway.graphql(alpha.token, deleteMutation, { ids: [id] }),
  },
  {
    name: `upsert of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: () =>
      gateway.graphql(alpha.token, upsertMutation, { input: [{ id, collection: 'c', title: 't', body: 'b' }] }),
  },
]);

const writes: Case[] = [
  {
    name: '201 documents',
    ...badInput,
    says: /201 documents; at most 200/,
    send: () =>
      gateway.graphql(alpha.token, upsertMutation, {
        input: Array(201).fill({ collection: 'c', title: 't', body: 'b' }),
      }),
  },
  {
    name: '201 deletions',
    ...badInput,
    says: /201 documents; at most 200/,
    send: () =>
      gateway.graphql(alpha.token, deleteMutation, {
        ids: Array(201).fill(Buffer.from('Document:x').toString('base64')),
      }),
  },
  {
    name: 'metadata that is no object',
    ...badInput,
    says: /JSONObject/,
    send: () =>
      gateway.graphql(alpha.token, upsertMutation, {
        input: [{ collection: 'c', title: 't', body: 'b', metadata: [1] }],
      }),
  },
  {
    name: 'a good write beside a bad one',
    ...badInput,
    says: /201 documents/,
    send: () =>
      gateway.graphql(
        alpha.token,
        `mutation($good: [UpsertDocumentInput!]!, $bad: [UpsertDocumentInput!]!) {
      b: upsertDocuments(input: $bad) { __typename }
      a: upsertDocuments(input: $good) { __typename }
    }`,
        { good: [], bad: Array(201).fill({ collection: 'c', title: 't', body: 'b' }) },
      ),
  },
];

describe.each([
  ['a request', requests],
  ['GraphQL', graphql],
  ['a text to search for', texts],
  ['a vector to search for', vectors],
  ['a page', pages],
  ['a cursor', cursors],
  ['a filter', filters],
  ['a global id', ids],
  ['a write', writes],
])('%s that is refused', (_, cases) => {
  test.each(cases)('$name is $code with status $status', async ({ send, ...expected }) => {
    expectRefusal(await send(), expected);
  });
});

describe('a cursor of elsewhere', () => {
  const foreign = {
    status: 400,
    code: 'INVALID_CURSOR',
    says: /belongs to another query\. Use it with the same tenant/,
  };

  test('of another text, mode or filter is refused, and works where it came from', async () => {
    const page = await alpha.search({ text: 'hot water' }, { first: 1 });
    const after = page.pageInfo.endCursor;
    for (const input of [
      { text: 'cold water' },
      { text: 'hot water', mode: 'KEYWORD' },
      { text: 'hot water', collections: ['help'] },
      { text: 'hot water', filter: { title: { is: 'NOT_NULL' } } },
      { text: 'hot water', minScore: 0 },
    ]) {
      expectRefusal(await search(input, { after }), foreign);
    }
    const next = await alpha.search({ text: 'hot water' }, { after });
    expect(next.edges.map(({ node }) => node.externalId)).toEqual(['bus']);
  });

  test('of another tenant with the same documents is refused, and works for that tenant', async () => {
    const list = await alpha.documents(undefined, { first: 1 });
    const hits = await alpha.search({ text: 'hot water' }, { first: 1 });
    const stranger = await gateway.tokenFor('beta');
    const asked = { input: { text: 'hot water' }, after: hits.pageInfo.endCursor };
    expectRefusal(await gateway.graphql(stranger, searchQuery, asked), foreign);
    expectRefusal(await gateway.graphql(stranger, documentsQuery, { after: list.pageInfo.endCursor }), foreign);
    const next = await alpha.documents(undefined, { after: list.pageInfo.endCursor });
    expect(next.edges.map(({ node }) => node.externalId)).toEqual(['bus']);
  });

  test('of a search is refused by a list, and the other way round', async () => {
    const hits = await alpha.search({ text: 'hot water' }, { first: 1 });
    const list = await alpha.documents(undefined, { first: 1 });
    expectRefusal(await gateway.graphql(alpha.token, documentsQuery, { after: hits.pageInfo.endCursor }), foreign);
    expectRefusal(await search({ text: 'hot water' }, { after: list.pageInfo.endCursor }), foreign);
  });
});

describe('a token that does not hold', () => {
  const unauthenticated = { status: 401, code: 'UNAUTHENTICATED' };
  const viewer = '{ viewer { tenantId } }';

  async function expectUnauthenticated(answer: Answer, says: RegExp): Promise<void> {
    expectRefusal(answer, { ...unauthenticated, says });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }

  test('is refused after its time, and holds until then', async () => {
    const token = await gateway.tokenFor('alpha', ['search'], { ttlSeconds: 60 });
    const issuedAtMs = gateway.clock.nowMs;
    try {
      gateway.clock.nowMs = issuedAtMs + 59_000;
      expect((await gateway.graphql(token, viewer)).status).toBe(200);
      gateway.clock.nowMs = issuedAtMs + 3_600_000;
      await expectUnauthenticated(
        await gateway.graphql(token, viewer),
        /expired at 2026-03-01T12:01:00\.000Z\. Get a new one/,
      );
    } finally {
      gateway.clock.nowMs = issuedAtMs;
    }
  });

  test('is refused when any part of it was changed', async () => {
    const [header, payload, signature] = alpha.token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const other = Buffer.from(JSON.stringify({ ...claims, tenant: 'beta' })).toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    await expectUnauthenticated(
      await gateway.graphql(`${header}.${other}.${signature}`, viewer),
      /signature does not match/,
    );
    await expectUnauthenticated(
      await gateway.graphql(`${header}.${payload}.${'A'.repeat(43)}`, viewer),
      /signature does not match/,
    );
    await expectUnauthenticated(await gateway.graphql(`${none}.${payload}.`, viewer), /./);
  });

  test.each([
    ['garbage', 'Bearer garbage', /not a signed JWT: it has 1 part/],
    ['another scheme', 'Basic YWJjOmRlZg==', /does not hold one bearer token/],
    ['nothing', 'Bearer', /does not hold one bearer token/],
    ['two tokens', 'Bearer a.b.c, Bearer d.e.f', /does not hold one bearer token/],
  ])('is refused when it is %s', async (_, authorization, says) => {
    await expectUnauthenticated(await gateway.graphql(undefined, viewer, {}, { authorization }), says);
  });

  test('is refused without a tenant, or with one that is none, and never taken for "no tenant"', async () => {
    const elsewhere = { ...defaultClaimNames, tenant: 'organisation' };
    const missing = await gateway.tokenFor('alpha', ['documents:read'], { claims: elsewhere });
    await expectUnauthenticated(await gateway.graphql(missing, viewer), /claim "tenant" .* it is missing/);
    for (const tenantId of ['', "x'; drop table documents; --", 'al pha', 'x'.repeat(65), 'älpha']) {
      const token = await gateway.tokenFor('alpha', ['documents:read'], { tenantId: tenantId as never });
      await expectUnauthenticated(
        await gateway.graphql(token, '{ tenant { id documents } }'),
        /claim "tenant" does not name a tenant/,
      );
    }
  });

  test('is demanded of everything that is not the schema', async () => {
    for (const query of [
      '{ viewer { tenantId } }',
      '{ tenant { id } }',
      '{ collections { name } }',
      '{ document(id: "RG9jdW1lbnQ6MQ==") { id } }',
      '{ node(id: "RG9jdW1lbnQ6MQ==") { id } }',
      '{ documents { edges { cursor } } }',
      '{ search(input: { text: "x" }) { __typename } }',
      'mutation { deleteDocuments(ids: []) { deletedIds } }',
      'mutation { upsertDocuments(input: []) { __typename } }',
    ]) {
      await expectUnauthenticated(await gateway.graphql(undefined, query), /no token\. Send "Authorization: Bearer/);
    }
    expect((await gateway.graphql(undefined, '{ __typename __schema { queryType { name } } }')).data).toEqual({
      __typename: 'Query',
      __schema: { queryType: { name: 'Query' } },
    });
  });
});

describe('a token without the scope that a field needs', () => {
  const id = 'RG9jdW1lbnQ6MDAwMDAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw';
  const fields: [string, string, string][] = [
    ['search', 'search', '{ search(input: { text: "x" }) { __typename } }'],
    ['documents', 'documents:read', '{ documents { edges { cursor } } }'],
    ['document', 'documents:read', `{ document(id: "${id}") { id } }`],
    ['node', 'documents:read', `{ node(id: "${id}") { id } }`],
    ['collections', 'documents:read', '{ collections { name } }'],
    ['tenant', 'documents:read', '{ tenant { id } }'],
    ['upsertDocuments', 'documents:write', 'mutation { upsertDocuments(input: []) { __typename } }'],
    ['deleteDocuments', 'documents:write', 'mutation { deleteDocuments(ids: []) { deletedIds } }'],
  ];

  test.each(fields)('%s needs %s and no other', async (_, scope, query) => {
    const others = ['search', 'documents:read', 'documents:write'].filter((one) => one !== scope);
    expectRefusal(await gateway.graphql(await gateway.tokenFor('alpha', others), query), {
      status: 403,
      code: 'FORBIDDEN',
      says: RegExp(`scope "${scope}"; yours has "${others[0]}", "${others[1]}"`),
    });
    expectRefusal(await gateway.graphql(await gateway.tokenFor('alpha', []), query), {
      status: 403,
      code: 'FORBIDDEN',
      says: /yours has none/,
    });
    const permitted = await gateway.graphql(await gateway.tokenFor('alpha', [scope]), query);
    expect({ status: permitted.status, errors: permitted.errors }).toEqual({ status: 200, errors: [] });
  });
});

describe('the type of an answer', () => {
  const types = ['application/json', 'application/graphql-response+json'];
  const typeOf = (answer: Answer) => answer.headers.get('content-type');

  test.each(types)('is %s where that is asked for', async (accept) => {
    const answer = await post('{"query": "{ viewer { tenantId } }"}', { accept });
    expect([answer.status, typeOf(answer)]).toEqual([200, `${accept}; charset=utf-8`]);
    expect(answer.data).toEqual({ viewer: { tenantId: 'alpha' } });
  });

  test('is application/graphql-response+json where anything is accepted', async () => {
    for (const headers of [{}, { accept: '*/*' }, { accept: 'text/html, application/*' }] as Record<string, string>[]) {
      expect(typeOf(await post('{"query": "{ __typename }"}', headers))).toMatch(
        /^application\/graphql-response\+json/,
      );
    }
  });

  test('decides the status of a fault in the GraphQL text, as GraphQL over HTTP wants it', async () => {
    for (const query of ['{', '{ vewer }', 'query($first: Int!) { documents(first: $first) { edges { cursor } } }']) {
      const statuses = types.map(async (accept) => (await post(JSON.stringify({ query }), { accept })).status);
      expect(await Promise.all(statuses)).toEqual([200, 400]);
    }
  });

  test.each(types)('makes no difference to a refusal: %s', async (accept) => {
    expect((await post('{', { accept })).status).toBe(400);
    expect((await post('{"query": "{ documents(first: 0) { edges { cursor } } }"}', { accept })).status).toBe(400);
    expect((await post('{"query": "{ __typename }"}', { accept, authorization: 'Bearer x' })).status).toBe(401);
  });

  test('has status 200 where there is data beside an error', async () => {
    const token = await gateway.tokenFor('alpha', ['search']);
    for (const accept of types) {
      const query = '{ search(input: { text: "hot water", mode: SEMANTIC }) { __typename } }';
      const answer = await gateway.graphql(token, query, {}, { accept });
      expect([answer.status, answer.errors]).toEqual([200, []]);
    }
  });
});
