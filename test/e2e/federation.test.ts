import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productsSdl, startProducts } from '../../examples/products/products.ts';
import { subgraphSchema } from '../../src/graphql/subgraph-schema.ts';
import { printSubgraphSdl } from '../../src/graphql/subgraph-sdl.ts';
import { type Listening, listen } from '../../src/http/listen.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { composeSupergraph, type RunningSupergraph, runSupergraph } from '../support/supergraph.ts';

const guides = [
  ['noisy-disc-brakes', 'Noisy disc brakes', 'A howl means that oil has reached the brake pads.'],
  ['brake-bleeding', 'Bleeding hydraulic brakes', 'A soft brake lever means air in the brake line.'],
  ['puncture-repair', 'Mending a puncture', 'Find the hole in the tube under water.'],
] as const;

const crossing = `query($sku: ID!) {
  product(sku: $sku) {
    name
    guide { title externalId collection body }
    related { documents(first: 5) { edges { score node { title externalId body } } } }
  }
}`;

describe('a supergraph of Tessera and a subgraph of products, behind Apollo Gateway', () => {
  let tessera: TestGateway;
  let listening: Listening;
  let products: Awaited<ReturnType<typeof startProducts>>;
  let supergraph: RunningSupergraph;
  const tokens = { a: '', b: '', searchOnly: '' };

  beforeAll(async () => {
    tessera = await openTestGateway({ federation: true });
    // Both tenants name their documents alike; B lacks the guide of the brake pads.
    const store = (tenant: string, marker: string, kept: readonly (typeof guides)[number][]) =>
      tessera.upsert(
        tenant,
        kept.map(([externalId, title, body]) => ({
          externalId,
          collection: 'repair-guides',
          title: `${title} (${marker})`,
          body: `${body} ${marker}.`,
        })),
      );
    await store('shop-a', 'alphamark', guides);
    await store('shop-b', 'betamark', guides.slice(1));
    await tessera.embedAll();
    tokens.a = await tessera.tokenFor('shop-a');
    tokens.b = await tessera.tokenFor('shop-b');
    tokens.searchOnly = await tessera.tokenFor('shop-a', ['search']);
    listening = await listen(tessera.gateway, { host: '127.0.0.1', port: 0 });
    products = await startProducts(0);
    supergraph = await runSupergraph(
      composeSupergraph([
        { name: 'products', url: products.url, sdl: productsSdl },
        {
          name: 'tessera',
          url: `${listening.url}/graphql`,
          sdl: printSubgraphSdl(subgraphSchema(), { access: false }),
        },
      ]),
    );
  });
  afterAll(async () => {
    await supergraph.close();
    await products.close();
    await listening.close();
    await tessera.close();
  });

  test('one query crosses both: a product, its guide and the guides like that one', async () => {
    const { data, errors } = await supergraph.ask(tokens.a, crossing, { sku: 'pads-01' });
    expect(errors).toBeUndefined();
    expect(data?.product).toMatchObject({
      name: 'Disc brake pads',
      guide: {
        title: 'Noisy disc brakes (alphamark)',
        externalId: 'noisy-disc-brakes',
        body: expect.stringContaining('howl'),
      },
      related: { documents: { edges: [{ node: { externalId: 'brake-bleeding' } }, {}] } },
    });
  });

  test('each tenant gets its own documents for the same products, and nothing of the other', async () => {
    const all = '{ products { sku guide { title body } related { documents { edges { node { title body } } } } } }';
    const [a, b] = [await supergraph.ask(tokens.a, all), await supergraph.ask(tokens.b, all)];
    expect([a.errors, b.errors]).toEqual([undefined, undefined]);
    expect(JSON.stringify(a)).toContain('alphamark');
    expect(JSON.stringify(a)).not.toContain('betamark');
    expect(JSON.stringify(b)).toContain('betamark');
    expect(JSON.stringify(b)).not.toContain('alphamark');
  });

  test("what only another tenant has is null, as is what nobody has, and the product's own fields are answered", async () => {
    for (const sku of ['pads-01', 'battery-500']) {
      const { data, errors } = await supergraph.ask(tokens.b, crossing, { sku });
      expect(errors).toBeUndefined();
      expect(data?.product).toEqual({ name: expect.any(String), guide: null, related: { documents: null } });
    }
  });

  test('guides of all products are fetched in one request', async () => {
    const before = supergraph.sent.length;
    await supergraph.ask(tokens.a, '{ products { sku guide { title } } }');
    const asked = supergraph.sent.slice(before).filter(({ url }) => url === `${listening.url}/graphql`);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.query).toContain('_entities');
  });

  test('searching goes through, with its cost bounded and its errors coded', async () => {
    const search = `query($text: String!) { search(input: { text: $text }, first: 1) {
      __typename ... on SearchConnection { edges { node { externalId } } } } }`;
    const { data } = await supergraph.ask(tokens.a, search, { text: 'oil on the brake' });
    expect(data?.search).toMatchObject({ edges: [{ node: { externalId: 'noisy-disc-brakes' } }] });
    const { errors } = await supergraph.ask(tokens.a, search, { text: '' });
    // Apollo Gateway hands on an answer with another status than 200 in one piece.
    expect(errors?.[0]?.extensions.response).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } }] },
    });
  });

  test('without a token, or without the scope, nothing is told of documents', async () => {
    for (const [token, code] of [
      [undefined, 'UNAUTHENTICATED'],
      [tokens.searchOnly, 'FORBIDDEN'],
    ] as const) {
      const { data, errors } = await supergraph.ask(token, crossing, { sku: 'pads-01' });
      expect(errors?.[0]?.extensions?.code).toBe(code);
      expect(data?.product).toEqual({ name: 'Disc brake pads', guide: null, related: { documents: null } });
    }
  });
});
