import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../../src/http/listen.ts';
import { readParts } from '../support/answer-parts.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

const documents = '{ documents(first: 1) { edges { node { id } } } }';
const deletion = 'mutation { deleteDocuments(ids: []) { deletedIds } }';

/** What is refused as events: the rules are those of any other answer. */
const refused = [
  ['a request without a token', 'GET', documents, '', 401, 'UNAUTHENTICATED'],
  ['a token that does not hold', 'GET', documents, 'nonsense', 401, 'UNAUTHENTICATED'],
  ['a token without the scope', 'POST', documents, 'search', 403, 'FORBIDDEN'],
  ['a mutation by GET, which any page could send', 'GET', deletion, 'all', 405, 'BAD_REQUEST'],
  ['a query that asks for what is not there', 'POST', '{ nothing }', 'all', 200, 'GRAPHQL_VALIDATION_FAILED'],
  ['a query that is too deep', 'POST', `${'{ a'.repeat(40)}${' }'.repeat(40)}`, 'all', 400, 'QUERY_LIMIT_EXCEEDED'],
] as const;

describe('answers as server-sent events', () => {
  let gateway: TestGateway;
  let listening: Listening;
  const tokens = new Map<string, string>([['nonsense', 'nonsense']]);
  beforeAll(async () => {
    gateway = await openTestGateway();
    listening = await listen(gateway.gateway, { host: '127.0.0.1', port: 0 });
    tokens.set('all', await gateway.tokenFor('alpha')).set('search', await gateway.tokenFor('alpha', ['search']));
  });
  afterAll(async () => {
    await listening.close();
    await gateway.close();
  });

  const send = (method: 'GET' | 'POST', query: string, token: string) => {
    const search = method === 'GET' ? `?query=${encodeURIComponent(query)}` : '';
    const bearer = tokens.get(token);
    return fetch(`${listening.url}/graphql${search}`, {
      method,
      headers: {
        accept: 'text/event-stream',
        origin: 'https://elsewhere.example',
        'x-request-id': 'as-events',
        ...(method === 'POST' && { 'content-type': 'application/json' }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      ...(method === 'POST' && { body: JSON.stringify({ query }) }),
    });
  };

  test.each(refused)('refuse %s', async (_, method, query, token, status, code) => {
    const response = await send(method, query, token);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const { value } = await readParts(response).next();
    expect(value?.errors?.map(({ extensions }) => [extensions.code, extensions.requestId])).toEqual([
      [code, 'as-events'],
    ]);
  });

  test.each(['GET', 'POST'] as const)('are there for a token that holds, by %s, and end', async (method) => {
    const response = await send(method, documents, 'all');
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toMatch(
      /^:\n\nevent: next\ndata: \{"data":\{"documents":\{"edges":\[\]\}\}.*\}\n\nevent: complete\ndata:\n\n$/,
    );
  });

  test('are not shown to pages of other origins', async () => {
    const { headers } = await send('POST', documents, 'all');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    const preflight = await fetch(`${listening.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' },
    });
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
