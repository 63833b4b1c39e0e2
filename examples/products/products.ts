import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';

/** The subgraph's SDL, of which a supergraph is composed. */
export const productsSdl = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8');

interface Product {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  /** The external id of its document in Tessera's collection `repair-guides`. */
  readonly guide: string;
}

const products: readonly Product[] = [
  { sku: 'pads-01', name: 'Disc brake pads', priceCents: 1_290, guide: 'noisy-disc-brakes' },
  { sku: 'battery-500', name: 'Kestrel battery, 500 Wh', priceCents: 58_900, guide: 'battery-charging' },
  { sku: 'tube-28', name: 'Inner tube, 28 inch', priceCents: 690, guide: 'puncture-repair' },
];

/** What points into Tessera: a key, and Tessera looks the rest up as the caller's tenant. */
const reference = (product: Product) => ({ collection: 'repair-guides', externalId: product.guide });

const machinery = /* GraphQL */ `
  directive @link(url: String!, import: [String!]) repeatable on SCHEMA
  directive @key(fields: String!, resolvable: Boolean) repeatable on OBJECT
  scalar _Any
  union _Entity = Product
  type _Service { sdl: String }
  extend type Query {
    _service: _Service!
    _entities(representations: [_Any!]!): [_Entity]!
  }
`;

const findProduct = (sku: unknown) => products.find((product) => product.sku === sku) ?? null;

const schema = createSchema({
  typeDefs: [productsSdl, machinery],
  resolvers: {
    Query: {
      products: () => products,
      product: (_root: unknown, { sku }: { sku: string }) => findProduct(sku),
      _service: () => ({ sdl: productsSdl }),
      _entities: (_root: unknown, { representations }: { representations: { sku?: unknown }[] }) =>
        representations.map(({ sku }) => findProduct(sku)),
    },
    _Entity: { __resolveType: () => 'Product' },
    Product: { guide: reference, related: reference },
  },
});

/** Starts the subgraph on this machine; port 0 picks a free one. */
export async function startProducts(port: number): Promise<{ readonly url: string; close(): Promise<void> }> {
  const yoga = createYoga({ schema, logging: false });
  const server: Server = createServer((request, response) => yoga(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
