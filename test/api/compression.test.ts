import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

const query = '{ documents(first: 100) { edges { node { title body } } } }';

describe('a large answer', () => {
  let gateway: TestGateway;
  let plain: string;
  beforeAll(async () => {
    gateway = await openTestGateway();
    await gateway.upsert(
      'alpha',
      Array.from({ length: 60 }, (_, index) => ({
        externalId: `d${index}`,
        collection: 'help',
        title: `Number ${index}`,
        body: `The boiler of house ${index} is off. `.repeat(20),
      })),
    );
    plain = await (await send()).text();
  });
  afterAll(() => gateway.close());

  const send = async (encoding?: string, text = query) =>
    gateway.gateway.fetch('http://tessera.test/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await gateway.tokenFor('alpha')}`,
        ...(encoding !== undefined && { 'accept-encoding': encoding }),
      },
      body: JSON.stringify({ query: text }),
    });

  const undo = { br: brotliDecompressSync, gzip: gunzipSync } as const;

  test.each([
    ['br', 'br'],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['gzip, br;q=0', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
  ] as const)('is compressed for a client that takes %s', async (accepted, used) => {
    const response = await send(accepted);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-encoding')).toBe(used);
    expect(response.headers.get('vary')).toMatch(/accept-encoding/i);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('x-request-id')).toBeTruthy();
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(Number(response.headers.get('content-length'))).toBe(bytes.byteLength);
    expect(bytes.byteLength).toBeLessThan(plain.length / 3);
    expect(JSON.parse(undo[used](bytes).toString())).toEqual(JSON.parse(plain));
  });

  test.each([[undefined], ['identity'], ['deflate'], ['gzip;q=0, br;q=0.0']])(
    'is sent as it is for %s',
    async (accepted) => {
      const response = await send(accepted);
      expect(response.headers.get('content-encoding')).toBeNull();
      expect(await response.text()).toBe(plain);
    },
  );

  test('is what is worth it: a small one is sent as it is', async () => {
    const response = await send('br', '{ viewer { tenantId } }');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(await response.json()).toMatchObject({ data: { viewer: { tenantId: 'alpha' } } });
  });
});
