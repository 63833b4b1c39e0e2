import { randomUUID } from 'node:crypto';
import { type GraphQLObjectType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TokenScope, tokenScopes } from '../../src/auth/scopes.ts';
import { priceOf } from '../../src/graphql/price.ts';
import { subgraphSchema } from '../../src/graphql/subgraph-schema.ts';
import { readParts } from '../support/answer-parts.ts';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/graphql-answer.ts';
import { globalId } from '../support/look-alikes.ts';
import { expectRefusal } from '../support/refusal.ts';

const nobody = globalId('Document', randomUUID());
const noJob = globalId('Job', randomUUID());
const noKey = globalId('ApiKey', randomUUID());
const noDeletion = globalId('TenantDeletion', randomUUID());
const boiler = '__typename: "Document", collection: "help", externalId: "boiler"';
const search = 'search(input: { text: "hot water" }, first: 1)';
const hit = (field: string) => `{ ${search} { ... on SearchConnection { edges { node { ${field} } } } } }`;
const stored = (field: string) => `{ documents(first: 1) { edges { node { ${field} } } } }`;

/** A request for a field, which a token with the field's scope is given without errors. */
type Row = readonly [field: string, scope: TokenScope, request: string];

const rootFields: readonly Row[] = [
  ['Query.search', 'search', `{ ${search} { __typename } }`],
  [
    'Query.explainMissing',
    'search',
    `{ explainMissing(documentId: "${nobody}", input: { text: "x" }) { __typename } }`,
  ],
  ['Query.document', 'documents:read', `{ document(id: "${nobody}") { id } }`],
  ['Query.documents', 'documents:read', '{ documents { edges { cursor } } }'],
  ['Query.node', 'documents:read', `{ node(id: "${nobody}") { id } }`],
  ['Query._entities', 'documents:read', `{ _entities(representations: [{ ${boiler} }]) { __typename } }`],
  ['Query.collections', 'documents:read', '{ collections { name } }'],
  ['Query.tenant', 'documents:read', '{ tenant { id } }'],
  ['Query.models', 'documents:read', '{ models { name } }'],
  ['Query.job', 'documents:read', `{ job(id: "${noJob}") { id } }`],
  ['Query.jobs', 'documents:read', '{ jobs { id } }'],
  ['Query.deadLetters', 'documents:read', '{ deadLetters { id } }'],
  ['Query.apiKeys', 'tenant:admin', '{ apiKeys { id } }'],
  ['Query.auditLog', 'tenant:admin', '{ auditLog { edges { cursor } } }'],
  ['Query.tenants', 'operator', '{ tenants { edges { cursor } } }'],
  ['Query.managedTenant', 'operator', '{ managedTenant(id: "nobody") { id } }'],
  ['Query.tenantDeletion', 'operator', `{ tenantDeletion(id: "${noDeletion}") { id } }`],
  ['Query.tenantDeletions', 'operator', '{ tenantDeletions(tenantId: "nobody") { id } }'],
  ['Query.tenantLimits', 'operator', '{ tenantLimits(tenantId: "alpha") { requestsPerMinute } }'],
  [
    'Mutation.upsertDocuments',
    'documents:write',
    'mutation { upsertDocuments(input: [{ collection: "new", externalId: "new", title: "New", body: "New." }]) { __typename } }',
  ],
  [
    'Mutation.patchDocument',
    'documents:write',
    `mutation { patchDocument(input: { id: "${nobody}", status: "x" }) { __typename } }`,
  ],
  [
    'Mutation.patchDocuments',
    'documents:write',
    `mutation { patchDocuments(input: [{ id: "${nobody}", status: "x" }]) { __typename } }`,
  ],
  ['Mutation.deleteDocuments', 'documents:write', `mutation { deleteDocuments(ids: ["${nobody}"]) { deletedIds } }`],
  [
    'Mutation.deleteByFilter',
    'documents:write',
    'mutation { deleteByFilter(filter: { externalId: { eq: "nobody" } }) { deleted } }',
  ],
  ['Mutation.restoreDocuments', 'documents:write', `mutation { restoreDocuments(ids: ["${nobody}"]) { __typename } }`],
  ['Mutation.reembed', 'documents:write', `mutation { reembed(ids: ["${nobody}"]) { __typename } }`],
  ['Mutation.requeue', 'documents:write', 'mutation { requeue { requeued } }'],
  [
    'Mutation.defineCollection',
    'documents:write',
    'mutation { defineCollection(input: { name: "letters" }) { __typename } }',
  ],
  [
    'Mutation.createApiKey',
    'tenant:admin',
    'mutation { createApiKey(input: { name: "robot", scopes: ["tenant:admin"] }) { key } }',
  ],
  ['Mutation.revokeApiKey', 'tenant:admin', `mutation { revokeApiKey(id: "${noKey}") { id } }`],
  [
    'Mutation.revokeToken',
    'tenant:admin',
    'mutation { revokeToken(tokenId: "x", expiresAt: "2099-01-01T00:00:00Z") { tokenId } }',
  ],
  ['Mutation.createTenant', 'operator', 'mutation { createTenant(id: "delta") { __typename } }'],
  ['Mutation.renameTenant', 'operator', 'mutation { renameTenant(id: "nobody", name: "x") { __typename } }'],
  ['Mutation.suspendTenant', 'operator', 'mutation { suspendTenant(id: "nobody") { __typename } }'],
  ['Mutation.resumeTenant', 'operator', 'mutation { resumeTenant(id: "nobody") { __typename } }'],
  ['Mutation.deleteTenant', 'operator', 'mutation { deleteTenant(id: "nobody") { __typename } }'],
  [
    'Mutation.setTenantLimits',
    'operator',
    'mutation { setTenantLimits(input: { tenantId: "alpha", documents: 1000 }) { overrides } }',
  ],
  ['Subscription.searchUpdates', 'search', 'subscription { searchUpdates(input: { text: "x" }) { __typename } }'],
  ['Subscription.jobProgress', 'documents:read', `subscription { jobProgress(id: "${noJob}") { status } }`],
];

/** What shows nothing of anybody. The first is answered to every token, the second to everybody. */
const openFields = ['Query.viewer', 'Query._service'];

/** Fields of other types with a scope of their own, asked for through one of another scope. */
const innerFields: readonly (readonly [
  field: string,
  scope: TokenScope,
  through: TokenScope,
  request: string,
  seen: RegExp,
])[] = [
  ['Document.body', 'documents:read', 'search', hit('title body'), /Press the button/],
  [
    'Document.body',
    'documents:read',
    'documents:write',
    'mutation { upsertDocuments(input: [{ collection: "new", externalId: "own", title: "Own", body: "Own." }]) { ... on UpsertDocumentsPayload { documents { document { body } } } } }',
    /"body":"Own/,
  ],
  ['Document.acl', 'documents:write', 'search', hit('title acl { users }'), /"users"/],
  ['Document.acl', 'documents:write', 'documents:read', stored('title acl { users }'), /"users"/],
  ['Document.similar', 'search', 'documents:read', stored('title similar { edges { cursor } }'), /"cursor"/],
  [
    'RelatedDocuments.documents',
    'search',
    'documents:read',
    `{ _entities(representations: [{ ${boiler.replace('Document', 'RelatedDocuments')} }]) { ... on RelatedDocuments { documents { edges { cursor } } } } }`,
    /"cursor"/,
  ],
];

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
