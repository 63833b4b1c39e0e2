import { type GraphQLObjectType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TokenScope, tokenScopes } from '../../src/auth/scopes.ts';
import { priceOf } from '../../src/graphql/price.ts';
import { subgraphSchema } from '../../src/graphql/subgraph-schema.ts';
import { readParts } from '../support/answer-parts.ts';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/graphql-answer.ts';
import { expectRefusal } from '../support/refusal.ts';
import { innerFields, rootFields } from '../support/scoped-fields.ts';

/** What shows nothing of anybody. The first is answered to every token, the second to everybody. */
const openFields = ['Query.viewer', 'Query._service'];

/** Fields of other types that ask the database, and that whoever may have the type may have. */
const ofTheirType = [
  'Document.pendingChunks',
  'ManagedTenant.sizes',
  'SearchConnection.explain',
  'SearchEdge.highlights',
  'SearchEdge.passages',
];

const counted = countFlights();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway({ federation: true, serveFrom: counted.serveFrom });
  const mine = { acl: { users: ['somebody'], groups: [] } };
  await gateway.upsert('alpha', [
    {
      ...mine,
      externalId: 'boiler',
      collection: 'help',
      title: 'No hot water',
      body: 'The boiler is off. Press the button.',
    },
    {
      ...mine,
      externalId: 'bus',
      collection: 'help',
      title: 'The bus',
      body: 'It leaves at the front door every hour.',
    },
  ]);
  await gateway.embedAll();
});
afterAll(() => gateway.close());

const schemaTypes = Object.values(subgraphSchema().getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
);
const roots = ['Query', 'Mutation', 'Subscription'];

function fieldsWhere(
  keep: (type: GraphQLObjectType, field: ReturnType<GraphQLObjectType['getFields']>[string]) => boolean,
) {
  const names = schemaTypes.flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => keep(type, field))
      .map(({ name }) => `${type.name}.${name}`),
  );
  return names.sort();
}

/** Sends a request, and counts what it asks of the database. A stream is left as soon as it has begun. */
async function ask(scopes: readonly TokenScope[] | undefined, query: string): Promise<Answer & { flights: number }> {
  const token = scopes && (await gateway.tokenFor('alpha', scopes));
  counted.take();
  if (!query.startsWith('subscription')) {
    const answer = await gateway.graphql(token, query);
    return { ...answer, flights: counted.take() };
  }
  const response = await gateway.gateway.fetch('http://tessera.test/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
  });
  const { status, headers, ok } = response;
  const part = ok ? undefined : (await readParts(response).next()).value;
  if (ok) {
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
  }
  return { status, headers, text: '', data: undefined, errors: part?.errors ?? [], flights: counted.take() };
}

function expectForbidden(answer: Answer, scope: TokenScope, held: readonly TokenScope[]): void {
  const yours = held.length ? held.map((one) => `"${one}"`).join(', ') : 'none';
  expectRefusal(answer, { status: 403, code: 'FORBIDDEN', says: RegExp(`scope "${scope}"; yours has ${yours}\\.$`) });
}

describe('the tables of this file', () => {
  test('name every query, mutation and subscription of the schema', () => {
    expect([...rootFields.map(([field]) => field), ...openFields].sort()).toEqual(
      fieldsWhere((type) => roots.includes(type.name)),
    );
  });

  test('name every other field that has a scope, or that asks the database', () => {
    const scoped = [...new Set(innerFields.map(([field]) => field))];
    expect([...scoped, ...ofTheirType].sort()).toEqual(
      fieldsWhere((type, { extensions }) => {
        if (roots.includes(type.name)) return false;
        const { authScopes } = (extensions.pothosOptions ?? {}) as { readonly authScopes?: object };
        return authScopes !== undefined || (priceOf({ extensions }).points ?? 0) > 0;
      }),
    );
  });
});

describe('without a token', () => {
  test.each([
    ...rootFields.map(([field, , request]) => [field, request] as const),
    ['Query.viewer', '{ viewer { subject } }'] as const,
  ])('%s is refused before the database is asked', async (_, request) => {
    const answer = await ask(undefined, request);
    expectRefusal(answer, { status: 401, code: 'UNAUTHENTICATED', says: /no token\. Send "Authorization: Bearer/ });
    expect(answer.flights).toBe(0);
  });
});

describe('a token without the scope of a field', () => {
  test.each(rootFields)('%s needs %s, and is refused before the database is asked', async (_, scope, request) => {
    const others = tokenScopes.filter((one) => one !== scope);
    for (const held of [[], ...others.map((one) => [one]), others]) {
      const answer = await ask(held, request);
      expectForbidden(answer, scope, held);
      expect(answer.flights).toBe(0);
    }
    const permitted = await ask([scope], request);
    expect({ status: permitted.status, errors: permitted.errors }).toEqual({ status: 200, errors: [] });
    expect(permitted.flights).toBeGreaterThan(0);
  });

  test.each(innerFields)('%s needs %s, also through a field of %s', async (_, scope, through, request, seen) => {
    const others = tokenScopes.filter((one) => one !== scope);
    for (const held of [[through], others]) {
      const { errors, text } = await ask(held, request);
      expect(errors).toMatchObject([
        { message: expect.stringContaining(`scope "${scope}"`), extensions: { code: 'FORBIDDEN' } },
      ]);
      expect(text).not.toMatch(seen);
    }
    const permitted = await ask([through, scope], request);
    expect({ status: permitted.status, errors: permitted.errors }).toEqual({ status: 200, errors: [] });
    expect(permitted.text).toMatch(seen);
  });

  test('is told who it is, and what the schema is, all the same', async () => {
    expect((await ask([], '{ viewer { tenantId } }')).data).toEqual({ viewer: { tenantId: 'alpha' } });
    expect(await ask(undefined, '{ _service { sdl } }')).toMatchObject({ status: 200, flights: 0 });
  });
});
