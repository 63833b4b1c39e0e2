import { readFile } from 'node:fs/promises';
import {
  buildSchema,
  type GraphQLNamedType,
  getIntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printSortedSchema, schema } from '../../src/graphql/schema.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

/** Everything with a name that a type holds, as a path, with its description. */
function describedParts(type: GraphQLNamedType): [path: string, description: string | null | undefined][] {
  const parts: [string, string | null | undefined][] = [[type.name, type.description]];
  if (isEnumType(type)) {
    for (const { name, description } of type.getValues()) parts.push([`${type.name}.${name}`, description]);
  }
  if (isInputObjectType(type)) {
    for (const { name, description } of Object.values(type.getFields()))
      parts.push([`${type.name}.${name}`, description]);
  }
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const { name, description, args } of Object.values(type.getFields())) {
      parts.push([`${type.name}.${name}`, description]);
      for (const argument of args) parts.push([`${type.name}.${name}(${argument.name})`, argument.description]);
    }
  }
  return parts;
}

describe('the schema', () => {
  test('is what is checked in; after a change of it run "npm run schema"', async () => {
    expect(printSortedSchema()).toBe(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  });

  test('as it is checked in can be read by others', async () => {
    const text = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
    expect(Object.keys(buildSchema(text).getTypeMap()).sort()).toEqual(Object.keys(schema.getTypeMap()).sort());
  });

  test('describes every type, field, argument, enum value and input field in a sentence', () => {
    const parts = types.flatMap(describedParts);
    expect(parts.length).toBeGreaterThan(150);
    const faulty = parts.filter(([, description]) => !/^[A-Z`"0-9].*[.!?]$/s.test(description?.trim() ?? ''));
    expect(faulty).toEqual([]);
  });

  test('can fetch by "node" every type that has a global id, and no other', async () => {
    const { readGlobalId } = await import('../../src/graphql/global-ids.ts');
    const node = schema.getType('Node');
    if (!isInterfaceType(node)) throw new Error('There is no interface Node.');
    const loadable = schema.getPossibleTypes(node).map(({ name }) => name);
    expect(loadable).toContain('Document');
    for (const { name } of types.filter(isObjectType)) {
      const read = () => readGlobalId(Buffer.from(`${name}:x`).toString('base64')).typename;
      if (loadable.includes(name)) expect(read()).toBe(name);
      else expect(read).toThrow(/not a global id/);
    }
  });

  test('answers expected failures as members of unions behind the interface Error', () => {
    const error = schema.getType('Error');
    if (!isInterfaceType(error)) throw new Error('There is no interface Error.');
    expect(Object.keys(error.getFields())).toEqual(expect.arrayContaining(['code', 'message']));
    const failures = schema.getPossibleTypes(error).map(({ name }) => name);
    const members = types.filter(isUnionType).flatMap((union) => union.getTypes().map(({ name }) => name));
    for (const failure of failures) expect(members).toContain(failure);
  });
});

describe('the names that callers rely on', () => {
  const names = (type: string): string[] => {
    const found = schema.getType(type);
    if (isEnumType(found)) return found.getValues().map(({ name }) => name);
    if (isObjectType(found) || isInputObjectType(found)) return Object.keys(found.getFields());
    return [];
  };

  test.each<[string, string[]]>([
    ['Query', ['search', 'document', 'documents', 'node', 'collections', 'viewer', 'tenant']],
    ['Mutation', ['upsertDocuments', 'deleteDocuments']],
    [
      'SearchInput',
      [
        'text',
        'vector',
        'similarTo',
        'mode',
        'collections',
        'filter',
        'recall',
        'candidates',
        'minScore',
        'groupBy',
        'fusion',
      ],
    ],
    ['SearchConnection', ['edges', 'pageInfo', 'underfilled', 'underfilledReason', 'explain']],
    ['SearchEdge', ['cursor', 'score', 'scores', 'chunk', 'highlights', 'freshness', 'node']],
    ['Scores', ['vector', 'keyword', 'fused']],
    ['SearchMode', ['HYBRID', 'SEMANTIC', 'KEYWORD']],
    ['GroupBy', ['DOCUMENT', 'CHUNK']],
    ['RecallProfile', ['FAST', 'BALANCED', 'HIGH', 'EXACT']],
    [
      'Document',
      [
        'id',
        'collection',
        'externalId',
        'title',
        'body',
        'url',
        'metadata',
        'version',
        'createdAt',
        'updatedAt',
        'similar',
      ],
    ],
    ['DocumentFilter', ['and', 'or', 'not', 'collection', 'metadata']],
    ['NumberCondition', ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'in', 'is']],
    ['TextCondition', ['eq', 'neq', 'in', 'is', 'startsWith']],
    ['PageInfo', ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor']],
  ])('%s has them', (type, expected) => {
    expect(names(type)).toEqual(expect.arrayContaining(expected));
  });
});

describe('introspection', () => {
  let open: TestGateway;
  let closed: TestGateway;
  beforeAll(async () => {
    open = await openTestGateway({ introspection: true });
    closed = await openTestGateway({ introspection: false });
  });
  afterAll(async () => {
    await open.close();
    await closed.close();
  });

  test('is open to anybody where it is on: tools read the schema before they have a token', async () => {
    const answer = await open.graphql<{ __schema: { types: unknown[] } }>(undefined, getIntrospectionQuery());
    expect([answer.status, answer.errors]).toEqual([200, []]);
    expect(answer.data?.__schema.types.length).toBeGreaterThan(types.length);
  });

  test.each(['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }'])(
    'is refused where it is off, with a token and without: %s',
    async (query) => {
      const refusal = { status: 400, code: 'GRAPHQL_VALIDATION_FAILED', says: /introspection has been disabled/i };
      expectRefusal(await closed.graphql(undefined, query), refusal);
      expectRefusal(await closed.graphql(await closed.tokenFor('alpha'), query), refusal);
      expect((await open.graphql(undefined, query)).errors).toEqual([]);
    },
  );

  test('off leaves the names of types in answers', async () => {
    const answer = await closed.graphql(await closed.tokenFor('alpha'), '{ viewer { __typename } }');
    expect(answer.data).toEqual({ viewer: { __typename: 'Viewer' } });
  });

  test('off gives no hints about names either', async () => {
    const hinted = await open.graphql(undefined, '{ vewer { tenantId } }');
    expect(hinted.errors[0]?.message).toContain('Did you mean "viewer"?');
    const silent = await closed.graphql(undefined, '{ vewer { tenantId } }');
    expect(silent.errors[0]?.message).toBe('Cannot query field "vewer" on type "Query".');
  });
});
