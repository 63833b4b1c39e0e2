import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { dataOf } from '../support/graphql-answer.ts';
import { expectNothingOf, globalId, type LookAlike, openLookAlikes } from '../support/look-alikes.ts';
import { expectRefusal } from '../support/refusal.ts';

const entitiesQuery = `query($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Document { id title collection externalId }
    ... on RelatedDocuments { collection externalId documents(first: 2) { edges { node { title } } } }
  }
}`;

const nobodys = '01890000-0000-7000-8000-00000000dead';

describe('entities', () => {
  const counted = countFlights();
  let gateway: TestGateway;
  let north: LookAlike;
  let south: LookAlike;
  beforeAll(async () => {
    gateway = await openTestGateway({ federation: true, serveFrom: counted.serveFrom });
    [north, south] = await openLookAlikes(gateway);
  });
  afterAll(() => gateway.close());

  const ask = (who: LookAlike, representations: readonly unknown[], query = entitiesQuery) =>
    gateway.graphql<{ _entities: Record<string, unknown>[] }>(who.client.token, query, { representations });

  test('are found by global id and by collection and external id, in order', async () => {
    const data = dataOf(
      await ask(north, [
        { __typename: 'Document', collection: 'service', externalId: 'breakfast' },
        { __typename: 'Document', id: north.ids.get('bus') },
        { __typename: 'RelatedDocuments', collection: 'service', externalId: 'breakfast' },
      ]),
    );
    expect(data._entities).toEqual([
      expect.objectContaining({ __typename: 'Document', title: 'Breakfast', externalId: 'breakfast' }),
      expect.objectContaining({ __typename: 'Document', id: north.ids.get('bus'), title: 'The bus to town' }),
      expect.objectContaining({
        __typename: 'RelatedDocuments',
        documents: { edges: [expect.anything(), expect.anything()] },
      }),
    ]);
  });

  test("what is nobody's and what is another tenant's is null alike, whatever it is named by", async () => {
    const references = [
      { __typename: 'Document', id: south.ids.get('bus') },
      { __typename: 'Document', id: globalId('Document', nobodys) },
      { __typename: 'Document', id: globalId('Chunk', nobodys) },
      { __typename: 'Document', id: 'what is this' },
      { __typename: 'Document', id: globalId('Document', "' or true --") },
      { __typename: 'Document' },
      { __typename: 'Document', collection: 'rooms' },
      { __typename: 'Document', collection: 'rooms', externalId: 7 },
      { __typename: 'Document', collection: 'quartz-rules', externalId: 'boiler' },
      { __typename: 'Document', collection: 'rooms', externalId: 'nobody' },
      { __typename: 'Document', collection: 'rooms', externalId: 'a\0b' },
      { __typename: 'Document', collection: 'rooms', externalId: '\ud800' },
      { __typename: 'RelatedDocuments', collection: 'quartz-rules', externalId: 'boiler' },
      { __typename: 'RelatedDocuments', collection: 'rooms', externalId: 'nobody' },
    ];
    const answer = await ask(north, references);
    expect(dataOf(answer)._entities).toEqual(references.map(() => null));
    expectNothingOf(south, answer);
    // The same names are the other's.
    const theirs = dataOf(await ask(south, [references[0], references[8]]));
    expect(theirs._entities).toEqual([
      expect.objectContaining({ title: 'The bus to town' }),
      expect.objectContaining({ title: 'No hot water' }),
    ]);
  });

  test('of one request are read in one flight, by whatever key, and with their bodies in a second', async () => {
    const references = [...north.ids].flatMap(([externalId, id], index) => [
      { __typename: 'Document', id },
      { __typename: 'Document', collection: index % 2 ? 'rooms' : 'service', externalId },
    ]);
    counted.take();
    dataOf(await ask(north, references));
    expect(counted.take()).toBe(1);
    const bodies =
      'query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Document { body pendingChunks } } }';
    dataOf(await ask(north, references, bodies));
    expect(counted.take()).toBe(2);
  });

  test('a reference that no router sends is refused', async () => {
    const cases = [
      [{ __typename: 'Viewer' }, /"Viewer" is no entity here/],
      [{ __typename: '__proto__' }, /"__proto__" is no entity/],
      [{ id: 'x' }, /no object with a "__typename"/],
      ['Document', /no object with a "__typename"/],
    ] as const;
    for (const [reference, says] of cases) {
      expectRefusal(await ask(north, [reference]), { status: 400, code: 'BAD_USER_INPUT', says });
    }
    const many = Array.from({ length: 1_001 }, () => ({ __typename: 'Document', id: 'x' }));
    expectRefusal(
      await ask(
        north,
        many,
        'query($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }',
      ),
      { status: 400, code: 'BAD_USER_INPUT', says: /1001 references; at most/ },
    );
  });

  test('need a token, and one that may read documents', async () => {
    const variables = { representations: [{ __typename: 'Document', id: north.ids.get('bus') }] };
    const without = await gateway.graphql(undefined, entitiesQuery, variables);
    expectRefusal(without, { status: 401, code: 'UNAUTHENTICATED', says: /no token/ });
    const narrow = await gateway.tokenFor('north', ['search']);
    const refused = await gateway.graphql(narrow, entitiesQuery, variables);
    expectRefusal(refused, { status: 403, code: 'FORBIDDEN', says: /documents:read/ });
  });

  test('the SDL is served for composition, to anybody who may introspect', async () => {
    const query = '{ _service { sdl } }';
    const { _service } = dataOf(await gateway.graphql<{ _service: { sdl: string } }>(undefined, query));
    expect(_service.sdl).toContain('type Document implements Node @key(fields: "id")');
    // What a query may say about its own parts is no part of what a supergraph is composed of.
    expect(_service.sdl).not.toMatch(/^directive @(defer|stream)\b/m);
  });
});

describe('a gateway that is no subgraph', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await openTestGateway();
  });
  afterAll(() => gateway.close());

  test('knows no entities', async () => {
    const token = await gateway.tokenFor('north');
    const answer = await gateway.graphql(token, entitiesQuery, { representations: [] });
    expectRefusal(answer, { status: 400, code: 'GRAPHQL_VALIDATION_FAILED', says: /Unknown type "_Any"/ });
  });
});

describe('a subgraph without introspection', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await openTestGateway({ federation: true, introspection: false });
  });
  afterAll(() => gateway.close());

  test('does not tell its SDL, and answers references', async () => {
    const answer = await gateway.graphql(undefined, '{ _service { sdl } }');
    expectRefusal(answer, { status: 400, code: 'GRAPHQL_VALIDATION_FAILED', says: /INTROSPECTION is off/ });
    const token = await gateway.tokenFor('north');
    const representations = [{ __typename: 'Document', id: globalId('Document', nobodys) }];
    expect(dataOf(await gateway.graphql(token, entitiesQuery, { representations }))).toEqual({ _entities: [null] });
  });
});
