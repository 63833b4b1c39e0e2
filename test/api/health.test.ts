import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openUnreachableDatabase } from '../support/closed-port.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/graphql-answer.ts';

let gateway: TestGateway;
let cutOff: TestGateway;
let bare: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway({ graphiql: { tabs: [{ query: '{ viewer { tenantId } }' }] } });
  cutOff = await openTestGateway({ serveFrom: openUnreachableDatabase });
  bare = await openTestGateway();
});
afterAll(async () => {
  await gateway.close();
  await cutOff.close();
  await bare.close();
});

const get = (from: TestGateway, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  from.send(path, { headers });

describe('/health', () => {
  test('says that the process lives, whatever became of the database', async () => {
    for (const each of [gateway, cutOff]) {
      const answer = await get(each, '/health');
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { status: 'alive' }]);
    }
  });
});

describe('/ready', () => {
  test('says that requests can be answered', async () => {
    const answer = await get(gateway, '/ready');
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { status: 'ready' }]);
  });

  test('is 503 while a tenant would see another’s rows, and the log says what mends it', async () => {
    await bare.db.owner.query('alter policy tenant_reads on canaries using (true)');
    try {
      const answer = await get(bare, '/ready');
      expect([answer.status, JSON.parse(answer.text)]).toEqual([503, { status: 'not ready' }]);
      expect(JSON.stringify(bare.logged)).toMatch(/a tenant sees the canary of another .* run \\"tessera doctor\\"/);
    } finally {
      await bare.db.owner.query('alter policy tenant_reads on canaries using (tenant_id = tessera.current_tenant())');
    }
    expect((await get(bare, '/ready')).status).toBe(200);
  });

  test('is 503 while the database cannot be reached, and keeps the reason for the log', async () => {
    const answer = await get(cutOff, '/ready');
    expect([answer.status, JSON.parse(answer.text)]).toEqual([503, { status: 'not ready' }]);
    expect(JSON.stringify(cutOff.logged)).toContain('ECONNREFUSED');
    expect(JSON.stringify(cutOff.logged)).not.toContain('secret-of-the-test');
  });
});

describe('any other path', () => {
  test.each(['/', '/nothing', '/graphqlx', '/x/health', '/health/x', '/healthy', '/ready/', '/.env', '/../etc/passwd'])(
    '%s is 404 with a sentence',
    async (path) => {
      for (const headers of [{}, { accept: 'text/html' }]) {
        const answer = await get(gateway, path, headers);
        expect(answer.status).toBe(404);
        expect(answer.errors).toEqual([
          {
            message: 'There is nothing at this path; GraphQL is at /graphql.',
            extensions: { code: 'NOT_FOUND', requestId: answer.headers.get('x-request-id') },
          },
        ]);
      }
    },
  );

  test('that ends like a check is still a query', async () => {
    const answer = await get(gateway, '/graphql?query={__typename}&x=/health');
    expect(answer.data).toEqual({ __typename: 'Query' });
  });
});

describe('an answer', () => {
  const paths = ['/health', '/ready', '/nothing', '/graphql?query={__typename}', '/graphql'];

  test.each(paths)('of %s is kept by no cache, guessed at by no browser and framed by no page', async (path) => {
    const { headers } = await get(gateway, path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers.has('server')).toBe(false);
    expect(headers.has('x-powered-by')).toBe(false);
    expect(headers.has('access-control-allow-origin')).toBe(false);
  });

  test.each(paths)('of %s has the id that the request came with, or one of its own', async (path) => {
    const given = 'trace-0123.456_789';
    expect((await get(gateway, path, { 'x-request-id': given })).headers.get('x-request-id')).toBe(given);
    const own = [await get(gateway, path), await get(gateway, path)].map(({ headers }) => headers.get('x-request-id'));
    expect(own[0]).toMatch(/^[0-9a-f]{8}-/);
    expect(own[0]).not.toBe(own[1]);
  });

  test.each(['with spaces', 'x'.repeat(129), '<script>', 'a,b', 'né'])('does not repeat the id %j', async (id) => {
    const { headers } = await get(gateway, '/health', { 'x-request-id': encodeURI(id) === id ? id : encodeURI(id) });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-/);
  });

  test('of many requests at once has the id of its own', async () => {
    const token = await gateway.tokenFor('alpha');
    const ask = async (i: number) => {
      const id = `request-${i}`;
      const answer = await gateway.graphql(
        token,
        '{ documents(first: 0) { edges { cursor } } }',
        {},
        { 'x-request-id': id },
      );
      expect([answer.headers.get('x-request-id'), answer.errors[0]?.extensions?.requestId]).toEqual([id, id]);
    };
    await Promise.all(Array.from({ length: 50 }, (_, i) => ask(i)));
  });
});

describe('GraphiQL', () => {
  test('is a page where it is on', async () => {
    const answer = await get(gateway, '/graphql', { accept: 'text/html,application/xhtml+xml' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    expect(answer.text.includes('<title>Tessera</title>')).toBe(true);
  });

  test('is no page where it is off', async () => {
    const answer = await get(bare, '/graphql', { accept: 'text/html,*/*;q=0.8' });
    expect(answer.status).toBe(400);
    expect(answer.errors[0]?.message).toContain('has no query');
    expect((await get(bare, '/graphql', { accept: 'text/html' })).status).toBe(406);
  });

  test('puts what an example says into the page as text', async () => {
    const tabs = [{ query: '# </script><script>alert(1)</script> <!--\n{ viewer { tenantId } }' }];
    const page = await openTestGateway({ graphiql: { tabs } });
    const answer = await get(page, '/graphql', { accept: 'text/html' });
    expect(answer.text.includes('<script>alert(1)')).toBe(false);
    const [json] = /\{"title":"Tessera".*\}(?=,\n)/.exec(answer.text) ?? [''];
    expect(JSON.parse(json)).toMatchObject({ defaultTabs: tabs });
    await page.close();
  });
});
