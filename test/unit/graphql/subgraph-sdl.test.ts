import {
  buildSchema,
  isObjectType,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  printSchema,
  validateSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { productsSdl } from '../../../examples/products/products.ts';
import { schema } from '../../../src/graphql/schema.ts';
import { subgraphSchema } from '../../../src/graphql/subgraph-schema.ts';
import { printSubgraphSdl } from '../../../src/graphql/subgraph-sdl.ts';
import { composeSupergraph } from '../../support/supergraph.ts';

const sdl = printSubgraphSdl(subgraphSchema());
const tessera = { name: 'tessera', url: 'http://tessera.example/graphql', sdl };
const products = { name: 'products', url: 'http://products.example/graphql', sdl: productsSdl };

describe("the subgraph's SDL", () => {
  test('composes alone, and with a subgraph that points at documents', () => {
    expect(composeSupergraph([tessera])).toContain('@join__graph(name: "tessera"');
    expect(sdl).not.toContain('@oneOf');
    expect(composeSupergraph([tessera, products])).toMatch(
      /type Document implements Node[^{]*@join__type\(graph: PRODUCTS/,
    );
  });

  test('composes without the directives of access, as Apollo Gateway wants it', () => {
    const without = printSubgraphSdl(subgraphSchema(), { access: false });
    expect(without).not.toMatch(/@requiresScopes|@authenticated/);
    expect(composeSupergraph([{ ...tessera, sdl: without }, products])).not.toContain('requiresScopes');
  });

  test('composition finds faults: a key that Tessera does not have', () => {
    const wrong = productsSdl.replaceAll('collection externalId', 'externalId');
    expect(() => composeSupergraph([tessera, { ...products, sdl: wrong }])).toThrow(
      /Non-shareable field "Document.collection"/,
    );
  });

  test('carries scopes, costs and tags into the supergraph', () => {
    const supergraph = composeSupergraph([tessera]);
    expect(supergraph).toMatch(
      /\n {2}search\([^)]*\): SearchResult![^\n]*@requiresScopes\(scopes: \[\["search"\]\]\)/s,
    );
    expect(supergraph).toMatch(/@cost\(weight: 10\)/);
    expect(supergraph).toMatch(/@listSize\([^)]*sizedFields: \["edges"\]/);
    expect(supergraph).toMatch(/@tag\(name: "write"\)/);
  });

  test('says which scope each field needs that has one, so that a router may refuse early', () => {
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        const { authScopes } = (field.extensions.pothosOptions ?? {}) as { authScopes?: { token: string } };
        if (!authScopes || field.name === 'node' || type.name === 'Subscription') continue;
        const printed = fieldsOf(type.name).find((node) => node.name.value === field.name);
        expect(printed && print(printed)).toContain(`@requiresScopes(scopes: [["${authScopes.token}"]])`);
      }
    }
  });

  test('leaves out what only one subgraph of a supergraph can have', () => {
    expect(fieldsOf('Query').map(({ name }) => name.value)).toEqual(
      expect.not.arrayContaining(['node', '_entities', '_service']),
    );
    expect(sdl).not.toMatch(/_Any|_Entity|_Service/);
  });

  test('leaves out subscriptions, which routers do not ask for by events', () => {
    expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {})).toContain('searchUpdates');
    expect(sdl).not.toMatch(/ubscription|SearchUpdate|searchUpdates/);
  });
});

/** Fields of an object type as the SDL has them. */
function fieldsOf(type: string) {
  const node = parse(sdl).definitions.find(
    (definition) => definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === type,
  );
  return (node as ObjectTypeDefinitionNode).fields ?? [];
}

describe('the public schema', () => {
  test('knows nothing of federation, however the modules are loaded', () => {
    expect(validateSchema(schema)).toEqual([]);
    const text = printSchema(schema);
    expect(text).not.toMatch(/_entities|_service|_Any|RelatedDocuments/);
    expect(parse(text).definitions.length).toBeGreaterThan(30);
    expect(buildSchema(printSchema(subgraphSchema())).getType('RelatedDocuments')).toBeDefined();
  });
});
