import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway } from '../../src/http/gateway.ts';
import { createLogger } from '../../src/log.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';

const tenants = [{ name: 'alpha', token: 'a-token-of-the-demo', examples: [] }];
const tabs = [{ query: '{ viewer { tenantId } }' }];
const graphiql = {
  tabs,
  tenants: async () => [{ name: 'alpha', headers: { authorization: 'Bearer a-token-of-the-demo' }, tabs }],
};
const app = 'https://app.example.com';

let gateway: TestGateway;
let open: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await openTestGateway({ introspection: false });
  open = await openTestGateway({ corsOrigins: [app], localOnly: true, searchPage: { tenants }, graphiql });
  token = await gateway.tokenFor('alpha');
});
afterAll(async () => {
  await gateway.close();
  await open.close();
});

const body = JSON.stringify({ query: '{ viewer { tenantId } }' });
const json = { 'content-type': 'application/json' };

describe('pages of other sites', () => {
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: {
      origin,
      host: 'localhost:4000',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  const corsHeaders = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

  test('may read nothing unless their origin is named', async () => {
    const asked = await gateway.send('/graphql', preflight(app));
    expect([asked.status, corsHeaders(asked.headers)]).toEqual([405, []]);
    const headers = { ...json, authorization: `Bearer ${token}`, origin: app };
    const sent = await gateway.send('/graphql', { method: 'POST', headers, body });
    expect([sent.status, corsHeaders(sent.headers)]).toEqual([200, []]);
  });

  test('may read answers, without cookies, where their origin is named', async () => {
    const asked = await open.send('/graphql', preflight(app));
    expect(asked.status).toBe(204);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': app,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': expect.stringMatching(/authorization.*content-type/),
      vary: 'Origin',
    });
    expect(asked.headers.has('access-control-allow-credentials')).toBe(false);
    const own = await open.tokenFor('alpha');
    const headers = { ...json, authorization: `Bearer ${own}`, origin: app };
    const sent = await open.send('/graphql', { method: 'POST', headers, body });
    expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, app]);
    expect(sent.headers.get('vary')).toContain('Origin');
  });

  test.each(['https://evil.example', 'null', `${app}.evil.example`, 'http://app.example.com', `${app}:8443`, ''])(
    'may read nothing with the origin %j',
    async (origin) => {
      const asked = await open.send('/graphql', preflight(origin));
      expect([asked.status, corsHeaders(asked.headers)]).toEqual([405, []]);
      const sent = await open.send('/graphql', { method: 'POST', headers: { ...json, origin }, body });
      expect([corsHeaders(sent.headers), sent.headers.get('vary')]).toEqual([[], expect.stringContaining('Origin')]);
    },
  );

  test.each([
    ['a form', 'application/x-www-form-urlencoded', `query=${encodeURIComponent('{ viewer { tenantId } }')}`],
    ['a form in other letters', 'Application/X-WWW-Form-Urlencoded; charset=utf-8', 'query={__typename}'],
    [
      'a form with files',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n{__typename}\r\n--x--\r\n',
    ],
    ['plain text', 'text/plain', body],
    ['plain text that says JSON behind', 'text/plain; application/json', body],
    ['plain text before JSON', 'text/plain, application/json', body],
    ['no type', '', body],
  ])('can send %s without being asked, and it is not read, token or not', async (_, type, text) => {
    const bytes = new TextEncoder().encode(text);
    const headers = { authorization: `Bearer ${token}`, ...(type && { 'content-type': type }) };
    const answer = await gateway.send('/graphql', { method: 'POST', headers, body: bytes });
    expectRefusal(answer, { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', says: /send application\/json/ });
    const good = { method: 'POST', headers: { ...headers, ...json }, body };
    expect((await gateway.send('/graphql', good)).status, 'the same as JSON').toBe(200);
  });

  test('can send GET without being asked, which changes nothing and says nothing without a token', async () => {
    const authorization = `Bearer ${token}`;
    const mutation = '/graphql?query=mutation{deleteDocuments(ids:[]){deletedIds}}';
    expectRefusal(await gateway.send(mutation, { headers: { authorization } }), {
      status: 405,
      code: 'BAD_REQUEST',
      says: /mutation .* POST/,
    });
    const query = '/graphql?query={viewer{tenantId}}';
    expectRefusal(await gateway.send(query, { headers: { cookie: `authorization=${authorization}` } }), {
      status: 401,
      code: 'UNAUTHENTICATED',
      says: /no token/,
    });
    expect((await gateway.send(query, { headers: { authorization } })).status).toBe(200);
  });
});

describe('a name that points at this machine', () => {
  const paths = ['/', '/search-page/settings.json', '/graphql', '/health'];
  const asPage = { accept: 'text/html' };

  test.each([
    'evil.example',
    'evil.example:4000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'evil.example/localhost',
    'evil.example#localhost',
    '127.0.0.1, evil.example',
    '0.0.0.0',
    '10.0.0.1',
    '',
  ])('as %j is told nothing, above all no token', async (host) => {
    for (const path of paths) {
      const answer = await open.send(path, { headers: { ...asPage, host } });
      expectRefusal(answer, { status: 421, code: 'BAD_REQUEST', says: /Host header names another machine/ });
      expect(answer.text).not.toContain('a-token-of-the-demo');
    }
  });

  test.each(['localhost', 'localhost:4000', 'LOCALHOST:1', '127.0.0.1:4000', '127.8.8.8', '[::1]:4000'])(
    'as %j is its own',
    async (host) => {
      for (const path of paths) expect((await open.send(path, { headers: { ...asPage, host } })).status).toBe(200);
      const settings = await open.send('/search-page/settings.json', { headers: { host } });
      expect(settings.text).toContain('a-token-of-the-demo');
      expect((await open.send('/graphql', { headers: { ...asPage, host } })).text).toContain('a-token-of-the-demo');
    },
  );

  test('does not matter on a server, which hands out no tokens and has names of its own', async () => {
    expect((await gateway.send('/health', { headers: { host: 'search.example.com' } })).status).toBe(200);
  });
});

describe('every answer', () => {
  const requests: [string, () => Promise<{ headers: Headers; text: string }>][] = [
    ['of a query', () => gateway.graphql(token, '{ viewer { tenantId } }')],
    ['that refuses', () => gateway.graphql(undefined, '{ viewer { tenantId } }')],
    ['that there is nothing', () => gateway.send('/nothing', {})],
    ['to a form', () => gateway.send('/graphql', { method: 'POST', body: 'x' })],
    ['of health', () => gateway.send('/health', {})],
    ['of the search page', () => open.send('/', {})],
    ['of GraphiQL', () => open.send('/graphql', { headers: { accept: 'text/html' } })],
    ['to a preflight', () => open.send('/graphql', { method: 'OPTIONS', headers: { origin: app } })],
  ];
  test.each(requests)('%s carries the security headers', async (_, send) => {
    const { headers } = await send();
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
    for (const telling of ['server', 'x-powered-by', 'set-cookie']) expect(headers.has(telling)).toBe(false);
  });

  test('that waits for the keys of an issuer is given up in its time', async () => {
    const waiting = createGateway({
      depsForRequest: () => {
        throw new Error('nobody is known yet');
      },
      verifyToken: () => new Promise(() => {}),
      spendQuotas: () => undefined,
      log: createLogger({ level: 'info', destination: { write: () => {} } }),
      isReady: async () => {},
      introspection: true,
      federation: false,
      graphiql: undefined,
      searchPage: undefined,
      maxBodyBytes: 10_000,
      queryLimits: { tokens: 1_000, depth: 10, aliases: 10, directives: 10, cost: 1_000 },
      trustedDocuments: undefined,
      requestTimeoutMs: 50,
    });
    const headers = { ...json, authorization: 'Bearer a.b.c' };
    const answer = await waiting.fetch('http://tessera.test/graphql', { method: 'POST', headers, body });
    expect([answer.status, await answer.json()]).toMatchObject([
      504,
      { errors: [{ extensions: { code: 'REQUEST_TIMEOUT' } }] },
    ]);
  });

  test('to a bug says nothing of it: no message, no stack, no path', async () => {
    const lines: string[] = [];
    const broken = createGateway({
      depsForRequest: () => {
        throw new Error('secret detail at /src/somewhere.ts:1');
      },
      verifyToken: async () => {
        throw new TypeError('another secret detail');
      },
      spendQuotas: () => undefined,
      log: createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } }),
      isReady: async () => {
        throw new Error('a third secret detail');
      },
      introspection: true,
      federation: false,
      graphiql: undefined,
      searchPage: undefined,
      maxBodyBytes: 10_000,
      queryLimits: { tokens: 1_000, depth: 10, aliases: 10, directives: 10, cost: 1_000 },
      trustedDocuments: undefined,
      requestTimeoutMs: 1_000,
    });
    for (const [path, authorization] of [
      ['/graphql', 'Bearer a.b.c'],
      ['/graphql', ''],
      ['/ready', ''],
    ] as const) {
      const headers = { ...json, ...(authorization && { authorization }) };
      const init = path === '/graphql' ? { method: 'POST', headers, body } : {};
      const answer = await broken.fetch(`http://tessera.test${path}`, init);
      expect([500, 503]).toContain(answer.status);
      expect(await answer.text()).not.toMatch(/secret detail|\.ts|\bat |Error:|stack/);
    }
    expect(lines.join('')).toContain('secret detail');
  });
});

describe('on a server, unless it is asked for,', () => {
  test.each([
    '{ __schema { types { name } } }',
    '{ __type(name: "Query") { name } }',
    'query Hidden { ...A } fragment A on Query { schema: __schema { queryType { name } } }',
  ])('the schema is not told: %s', async (query) => {
    for (const bearer of [undefined, token]) {
      const answer = await gateway.graphql(bearer, query);
      expectRefusal(answer, { status: 400, code: 'GRAPHQL_VALIDATION_FAILED', says: /introspection/i });
    }
    expect((await open.graphql(undefined, query)).status, 'where it is on').toBe(200);
  });

  test('a wrong guess is not helped along', async () => {
    const [closed, told] = await Promise.all(
      [gateway, open].map((one) => one.graphql(undefined, '{ vewer { tenantId } }')),
    );
    expect(closed?.text).not.toContain('viewer');
    expect(told?.text).toContain('viewer');
  });

  test('there is neither GraphiQL nor a search page', async () => {
    for (const path of ['/', '/graphql', '/search-page/settings.json']) {
      const answer = await gateway.send(path, { headers: { accept: 'text/html' } });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toMatch(/<html|<script/i);
      expect((await open.send(path, { headers: { accept: 'text/html' } })).status, 'where it is on').toBe(200);
    }
  });
});
