import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { EmbedderError } from '../../src/embed/embedder-error.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

const real = loadStaticEmbedder();
/** Fails for one question, as a provider may that refuses a text. */
const choosy: Embedder = {
  ...real,
  embed: async (texts, options) => {
    if (texts.some((text) => text.includes('forbidden'))) {
      throw new EmbedderError('EMBEDDER_REJECTED', 'The embedding provider refused the text.');
    }
    return real.embed(texts, options);
  },
};

const hits = '... on SearchConnection { edges { node { externalId } } } ... on Error { code message }';

describe('one of several searches that fails', () => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await openTestGateway({ embedder: choosy });
    await gateway.upsert('alpha', [
      { externalId: 'boiler', collection: 'help', title: 'No hot water', body: 'Press the button.' },
    ]);
    await gateway.embedAll();
    token = await gateway.tokenFor('alpha');
  });
  afterAll(() => gateway.close());

  test('leaves the others their hits, and says itself what was wrong', async () => {
    const answer = await gateway.graphql(
      token,
      `{
        fine: search(input: { text: "hot water", mode: KEYWORD }) { ${hits} }
        fails: search(input: { text: "something forbidden", mode: SEMANTIC }) { ${hits} }
        viewer { tenantId }
      }`,
    );
    expect([answer.status, answer.errors]).toEqual([200, []]);
    expect(answer.data).toEqual({
      fine: { edges: [{ node: { externalId: 'boiler' } }] },
      fails: { code: 'EMBEDDER_REJECTED', message: expect.any(String) },
      viewer: { tenantId: 'alpha' },
    });
  });

  test('below the top leaves the rest of the answer, with an error that has a path, a code and the request id', async () => {
    const query =
      '{ search(input: { text: "hot", mode: KEYWORD }) { ... on SearchConnection { edges { node { externalId similar(first: 0) { edges { score } } } } } } }';
    const answer = await gateway.graphql(token, query, {}, { 'x-request-id': 'partial-1' });
    expect(answer.status).toBe(200);
    expect(answer.data).toEqual({ search: { edges: [{ node: { externalId: 'boiler', similar: null } }] } });
    expect(answer.errors).toEqual([
      expect.objectContaining({
        path: ['search', 'edges', 0, 'node', 'similar'],
        extensions: { code: 'BAD_USER_INPUT', requestId: 'partial-1' },
      }),
    ]);
    expect(answer.headers.get('x-request-id')).toBe('partial-1');
  });

  test('has the id of the trace that the request belongs to, where it brings no id of its own', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const idOf = async (headers: Record<string, string>) =>
      (await gateway.graphql(token, '{ __typename }', {}, headers)).headers.get('x-request-id');
    expect(await idOf({ traceparent: `00-${trace}-b7ad6b7169203331-01` })).toBe(trace);
    expect(await idOf({ traceparent: `00-${trace}-b7ad6b7169203331-01`, 'x-request-id': 'mine' })).toBe('mine');
    for (const none of [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'nonsense', `00-${trace}`])
      expect(await idOf({ traceparent: none })).toMatch(/^[0-9a-f]{8}-/);
  });
});
