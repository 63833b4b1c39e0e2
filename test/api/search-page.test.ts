import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';

const tenants = [{ name: 'alpha', token: 'a-token', examples: ['hot water'] }];
const files = await readdir(new URL('../../src/http/search-page/', import.meta.url));
const paths = [
  '/',
  '/search-page/settings.json',
  ...files.filter((name) => name !== 'index.html').map((name) => `/search-page/${name}`),
];

let on: TestGateway;
let off: TestGateway;

beforeAll(async () => {
  on = await openTestGateway({ searchPage: { tenants } });
  off = await openTestGateway();
});
afterAll(async () => {
  await on.close();
  await off.close();
});

describe('where the search page is on', () => {
  test.each(paths)('%s is answered, as what it is', async (path) => {
    const { status, headers, text } = await on.send(path, {});
    expect([status, text.length > 0]).toEqual([200, true]);
    expect(headers.get('content-type')).toMatch(
      /^(?:text\/(?:html|css|javascript)|image\/svg\+xml|application\/json)\b/,
    );
    expect(headers.get('cache-control')).toBe('private, no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each(paths)('%s may load nothing from elsewhere, run nothing inline and be framed by nobody', async (path) => {
    const { headers } = await on.send(path, {});
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((part) => {
        const [name = '', ...values] = part.split(' ');
        return [name, values.join(' ')];
      }),
    );
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
    });
    expect([...policy.values()].join(' ')).not.toMatch(/unsafe|\*|https?:/);
  });

  test('the page itself has no script and no style in it', async () => {
    const { text } = await on.send('/', {});
    expect(text).toContain('<script type="module" src="/search-page/page.js"></script>');
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:/);
  });

  test.each(paths)('HEAD of %s is the same without a body', async (path) => {
    const whole = await on.send(path, {});
    const head = await on.gateway.fetch(`http://tessera.test${path}`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-type')).toBe(whole.headers.get('content-type'));
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is refused', async (method) => {
    const answer = await on.send('/', { method });
    expectRefusal(answer, { status: 405, code: 'BAD_REQUEST', says: /GET and HEAD are allowed/ });
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  test('the page is told the tenants, and that there is no GraphiQL', async () => {
    const { text } = await on.send('/search-page/settings.json', {});
    expect(JSON.parse(text)).toEqual({ tenants, graphiql: false });
  });

  test.each([
    '/search-page',
    '/search-page/',
    '/search-page/index.html',
    '/search-page/../gateway.ts',
    '/search-page/%2e%2e/gateway.ts',
  ])('%s is nothing', async (path) => {
    expectRefusal(await on.send(path, {}), { status: 404, code: 'NOT_FOUND', says: /nothing at this path/ });
  });
});

test.each(paths)('where it is off, %s is 404', async (path) => {
  for (const method of ['GET', 'POST'])
    expectRefusal(await off.send(path, { method }), { status: 404, code: 'NOT_FOUND', says: /nothing at this path/ });
});
