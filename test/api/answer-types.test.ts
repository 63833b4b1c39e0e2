import { describe, expect, test } from 'vitest';
import type { Answer } from '../support/graphql-answer.ts';
import { useUntouchedGateway } from '../support/untouched-gateway.ts';

const at = useUntouchedGateway();
const { post } = at;

describe('the type of an answer', () => {
  const types = ['application/json', 'application/graphql-response+json'];
  const typeOf = (answer: Answer) => answer.headers.get('content-type');

  test.each(types)('is %s where that is asked for', async (accept) => {
    const answer = await post('{"query": "{ viewer { tenantId } }"}', { accept });
    expect([answer.status, typeOf(answer)]).toEqual([200, `${accept}; charset=utf-8`]);
    expect(answer.data).toEqual({ viewer: { tenantId: 'alpha' } });
  });

  test('is application/json where anything is accepted, and a fault in the GraphQL text has its own status', async () => {
    for (const headers of [{}, { accept: '*/*' }, { accept: 'text/html, application/*' }] as Record<string, string>[]) {
      const good = await post('{"query": "{ __typename }"}', headers);
      expect([good.status, typeOf(good)]).toEqual([200, 'application/json; charset=utf-8']);
      const bad = await post('{"query": "{"}', headers);
      expect([bad.status, typeOf(bad)]).toEqual([400, 'application/json; charset=utf-8']);
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
    const token = await at.gateway.tokenFor('alpha', ['search']);
    for (const accept of types) {
      const query = '{ search(input: { text: "hot water", mode: SEMANTIC }) { __typename } }';
      const answer = await at.gateway.graphql(token, query, {}, { accept });
      expect([answer.status, answer.errors]).toEqual([200, []]);
    }
  });
});
