import { expect } from 'vitest';
import { globalId, type LookAlike } from './look-alikes.ts';
import { deleteMutation, documentsQuery, searchQuery, upsertMutation } from './operations.ts';

/** What a tenant does, given the other tenant's ids and cursors, and what it must get. */
export interface Operation {
  readonly name: string;
  send(me: LookAlike, other: LookAlike): readonly [query: string, variables: Record<string, unknown>];
  expected(me: LookAlike, other: LookAlike): unknown;
}

const explainMissingQuery = `query($documentId: ID!, $input: SearchInput!) {
  explainMissing(documentId: $documentId, input: $input) { ... on MissingExplanation { reason rank } }
}`;

const reads: Operation[] = [
  ...['HYBRID', 'SEMANTIC', 'KEYWORD'].map((mode) => ({
    name: `search in mode ${mode}`,
    send: () => [searchQuery, { input: { text: 'no hot water in the shower', mode }, first: 100 }] as const,
    expected: (me: LookAlike) =>
      hits({ first: me.ids.get('boiler'), ...(mode !== 'KEYWORD' && { count: me.documents }) }),
  })),
  {
    name: 'search for the own marker',
    send: (me) => [searchQuery, { input: { text: me.marker, mode: 'KEYWORD' }, first: 100 }],
    expected: (me) => hits({ count: me.documents }),
  },
  {
    name: "search for the other's marker",
    send: (_, other) => [searchQuery, { input: { text: other.marker, mode: 'KEYWORD' }, first: 100 }],
    expected: () => hits({ count: 0 }),
  },
  {
    name: "search that requires the other's marker",
    send: (_, other) => [searchQuery, { input: { text: `water +${other.marker}` }, first: 100 }],
    expected: () => hits({ count: 0 }),
  },
  {
    name: "search that excludes the other's marker",
    send: (_, other) => [searchQuery, { input: { text: `water -${other.marker}` }, first: 100 }],
    expected: (me) => hits({ count: me.documents }),
  },
  {
    name: 'search by vector',
    send: (me) => [searchQuery, { input: { vector: me.vector }, first: 100 }],
    expected: (me) => hits({ first: me.ids.get('boiler'), count: me.documents }),
  },
  {
    name: 'search by vector, exactly and by passage',
    send: (me) => [
      searchQuery,
      { input: { vector: me.vector, recall: { profile: 'EXACT' }, groupBy: 'CHUNK' }, first: 100 },
    ],
    expected: (me) => hits({ first: me.ids.get('boiler'), count: me.chunks }),
  },
  {
    name: "search in the other's collection",
    send: (_, other) => [searchQuery, { input: { text: 'hot water', collections: [`${other.marker}-rules`] } }],
    expected: () => hits({ count: 0 }),
  },
  {
    name: 'search in the own collection',
    send: (me) => [searchQuery, { input: { text: 'hot water', collections: [`${me.marker}-rules`] } }],
    expected: () => hits({ count: 1 }),
  },
  {
    name: 'search with a filter that both satisfy',
    send: () => [searchQuery, { input: { text: 'hot water', filter: { externalId: { in: ['boiler', 'bus'] } } } }],
    expected: () => hits({ count: 2 }),
  },
  {
    name: "search like the other's document",
    send: (_, other) => [searchQuery, { input: { similarTo: other.ids.get('boiler') } }],
    expected: () => ({ search: { __typename: 'ExampleNotFoundError' } }),
  },
  {
    name: "search like the other's passage",
    send: (_, other) => [searchQuery, { input: { similarTo: other.chunkId } }],
    expected: () => ({ search: { __typename: 'ExampleNotFoundError' } }),
  },
  {
    name: 'search like an own document',
    send: (me) => [searchQuery, { input: { similarTo: me.ids.get('boiler') }, first: 100 }],
    expected: (me) => hits({ count: me.documents - 1 }),
  },
  {
    name: "search far from the other's document",
    send: (me, other) => [
      searchQuery,
      { input: { recommend: { positive: [me.ids.get('bus')], negative: [other.ids.get('boiler')] } } },
    ],
    expected: () => ({ search: { __typename: 'ExampleNotFoundError' } }),
  },
  {
    name: 'search far from an own document',
    send: (me) => [
      searchQuery,
      { input: { recommend: { positive: [me.ids.get('bus')], negative: [me.ids.get('boiler')] } }, first: 100 },
    ],
    expected: (me) => hits({ count: me.documents - 2 }),
  },
  {
    name: 'everything about a hit',
    send: () => [
      `query($input: SearchInput!) { search(input: $input, first: 3) { ... on SearchConnection {
        edges { passages { text } highlights { start end } freshness { stale } node { body pendingChunks similar { edges { node { title } } } } }
        explain { strategy plan }
      } } }`,
      { input: { text: 'hot water' } },
    ],
    expected: (me) => ({
      search: { edges: expect.arrayContaining([objectWith({ node: objectWith({ body: text(me.marker) }) })]) },
    }),
  },
  {
    name: 'explanation of an own document',
    send: (me) => [explainMissingQuery, { documentId: me.ids.get('boiler'), input: { text: 'no hot water' } }],
    expected: () => ({ explainMissing: { reason: 'FOUND', rank: 1 } }),
  },
  {
    name: "explanation of the other's document",
    send: (_, other) => [explainMissingQuery, { documentId: other.ids.get('boiler'), input: { text: 'no hot water' } }],
    expected: () => ({ explainMissing: { reason: 'NOT_THERE', rank: null } }),
  },
  ...['document', 'node'].flatMap((field): Operation[] => [
    {
      name: `${field} of the other`,
      send: (_, other) => [`query($id: ID!) { ${field}(id: $id) { id } }`, { id: other.ids.get('bus') }],
      expected: () => ({ [field]: null }),
    },
    {
      name: `${field} of one's own`,
      send: (me) => [`query($id: ID!) { ${field}(id: $id) { id } }`, { id: me.ids.get('bus') }],
      expected: (me) => ({ [field]: { id: me.ids.get('bus') } }),
    },
  ]),
  {
    name: 'documents',
    send: () => [documentsQuery, { first: 100 }],
    expected: (me) => ({
      documents: { edges: [...me.ids.values()].map((id) => objectWith({ node: objectWith({ id }) })) },
    }),
  },
  {
    name: 'documents of a collection that both have',
    send: () => [documentsQuery, { filter: { collection: { eq: 'rooms' } }, first: 100 }],
    expected: (me) => ({ documents: { edges: { length: Math.floor(me.documents / 2) } } }),
  },
  {
    name: "documents of the other's collection",
    send: (_, other) => [documentsQuery, { filter: { collection: { startsWith: other.marker } } }],
    expected: () => ({ documents: { edges: [] } }),
  },
  {
    name: 'models',
    send: () => ['{ models { name dimensions role tier } }', {}],
    expected: () => ({ models: [{ name: 'static-en-512', dimensions: 512, role: 'ACTIVE', tier: 'EXACT' }] }),
  },
  {
    name: 'collections',
    send: () => ['{ collections { name documents } }', {}],
    expected: (me) => ({
      collections: expect.arrayContaining([
        { name: 'rooms', documents: Math.floor(me.documents / 2) },
        { name: `${me.marker}-rules`, documents: 1 },
      ]),
    }),
  },
  {
    name: 'tenant',
    send: () => ['{ tenant { id documents chunks pendingChunks unembeddableChunks } }', {}],
    expected: (me) => ({
      tenant: {
        id: me.tenant,
        documents: me.documents,
        chunks: me.chunks,
        pendingChunks: 0,
        unembeddableChunks: 0,
      },
    }),
  },
  {
    name: 'jobs',
    send: () => ['{ jobs { id kind status total done failed } }', {}],
    expected: (me) => ({
      jobs: [{ id: me.jobId, kind: 'WRITE', status: 'FINISHED', total: me.chunks, done: me.chunks, failed: 0 }],
    }),
  },
  {
    name: "one's own job",
    send: (me) => ['query($id: ID!) { job(id: $id) { id total } }', { id: me.jobId }],
    expected: (me) => ({ job: { id: me.jobId, total: me.chunks } }),
  },
  {
    name: "the other's job",
    send: (_, other) => ['query($id: ID!) { job(id: $id) { total } }', { id: other.jobId }],
    expected: () => ({ job: null }),
  },
  {
    name: 'dead letters',
    send: () => ['{ deadLetters { id } }', {}],
    expected: () => ({ deadLetters: [] }),
  },
  {
    name: 'API keys',
    send: () => ['{ apiKeys { name } }', {}],
    expected: (me) => ({ apiKeys: [{ name: `key of ${me.marker}` }] }),
  },
  {
    name: 'the audit log',
    send: () => [
      `{ auditLog(filter: { actor: "somebody" }, first: 100) {
          edges { node { id action actor { subject } requestId targetIds targetCount details } } } }`,
      {},
    ],
    expected: (me) => ({
      auditLog: {
        edges: expect.arrayContaining([
          { node: objectWith({ action: 'createApiKey', targetIds: [me.apiKeyId] }) },
          { node: objectWith({ action: 'upsertDocuments', targetIds: [...me.ids.values()] }) },
        ]),
      },
    }),
  },
  {
    name: 'viewer',
    send: () => ['{ viewer { tenantId } }', {}],
    expected: (me) => ({ viewer: { tenantId: me.tenant } }),
  },
  {
    name: 'a page behind an own cursor',
    send: (me) => [documentsQuery, { after: me.listCursor, first: 100 }],
    expected: (me) => ({ documents: { edges: { length: me.documents - 2 } } }),
  },
  {
    name: 'hits behind an own cursor',
    send: (me) => [searchQuery, { input: { text: 'hot water' }, after: me.searchCursor, first: 100 }],
    expected: (me) => hits({ count: me.documents - 2 }),
  },
];

/** Writes that must change nothing. */
const deniedWrites: Operation[] = [
  {
    name: "upsert of the other's document by id",
    send: (_, other) => [
      upsertMutation,
      { input: [{ id: other.ids.get('bus'), collection: 'rooms', title: 'Taken over', body: 'Mine now.' }] },
    ],
    expected: () => ({ upsertDocuments: { __typename: 'InvalidDocumentError', index: 0 } }),
  },
  {
    name: "upsert of the other's document beside one's own",
    send: (me, other) => [
      upsertMutation,
      {
        input: [
          { id: me.ids.get('bus'), collection: 'rooms', title: 'Changed', body: 'Changed.' },
          { id: other.ids.get('bus'), collection: 'rooms', title: 'Taken over', body: 'Mine now.' },
        ],
      },
    ],
    expected: () => ({ upsertDocuments: { __typename: 'InvalidDocumentError', index: 1 } }),
  },
  {
    name: "patch of the other's document",
    send: (_, other) => [
      'mutation($input: [PatchDocumentInput!]!) { patchDocuments(input: $input) { __typename } }',
      { input: [{ id: other.ids.get('bus'), status: 'taken over' }] },
    ],
    expected: () => ({ patchDocuments: { __typename: 'InvalidDocumentError' } }),
  },
  {
    name: "patch of one document of the other's",
    send: (_, other) => [
      'mutation($input: PatchDocumentInput!) { patchDocument(input: $input) { __typename } }',
      { input: { id: other.ids.get('bus'), status: 'taken over' } },
    ],
    expected: () => ({ patchDocument: { __typename: 'InvalidDocumentError' } }),
  },
  {
    name: "an upsert as a part of the other's job",
    send: (me, other) => [
      `mutation($input: [UpsertDocumentInput!]!, $job: ID!) { upsertDocuments(input: $input, job: $job) { __typename } }`,
      { input: [{ collection: 'rooms', title: 'New', body: `At the ${me.marker} desk.` }], job: other.jobId },
    ],
    expected: () => 'BAD_USER_INPUT',
  },
  {
    name: "embedding the other's documents anew",
    send: (_, other) => [
      'mutation($ids: [ID!]) { reembed(ids: $ids) { ... on ReembedPayload { job { id } } } }',
      { ids: [...other.ids.values()] },
    ],
    expected: () => ({ reembed: { job: null } }),
  },
  {
    name: "embedding the other's collection anew",
    send: (_, other) => [
      'mutation($collection: String) { reembed(collection: $collection) { ... on ReembedPayload { job { id } } } }',
      { collection: `${other.marker}-rules` },
    ],
    expected: () => ({ reembed: { job: null } }),
  },
  {
    name: 'sending dead letters again, where there are none',
    send: (_, other) => [
      'mutation($ids: [ID!]) { requeue(ids: $ids) { requeued } }',
      { ids: [globalId('DeadLetter', Buffer.from(other.chunkId, 'base64').toString().slice('Chunk:'.length))] },
    ],
    expected: () => ({ requeue: { requeued: 0 } }),
  },
  {
    name: "deletion of the other's documents",
    send: (_, other) => [deleteMutation, { ids: [...other.ids.values()] }],
    expected: () => ({ deleteDocuments: { deletedIds: [] } }),
  },
  {
    name: "deletion of the other's documents for good",
    send: (_, other) => [
      'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids, permanently: true) { deletedIds } }',
      { ids: [...other.ids.values()] },
    ],
    expected: () => ({ deleteDocuments: { deletedIds: [] } }),
  },
  {
    name: "deletion of the other's collection by filter",
    send: (_, other) => [
      'mutation($filter: DocumentFilter!) { deleteByFilter(filter: $filter) { deleted job { id } } }',
      { filter: { collection: { eq: `${other.marker}-rules` } } },
    ],
    expected: () => ({ deleteByFilter: { deleted: 0, job: null } }),
  },
  {
    name: "bringing the other's documents back",
    send: (_, other) => [
      'mutation($ids: [ID!]!) { restoreDocuments(ids: $ids) { ... on RestoreDocumentsPayload { restoredIds } } }',
      { ids: [...other.ids.values()] },
    ],
    expected: () => ({ restoreDocuments: { restoredIds: [] } }),
  },
  {
    name: "deletion by the other's chunk id",
    send: (_, other) => [
      deleteMutation,
      { ids: [globalId('Document', Buffer.from(other.chunkId, 'base64').toString().slice('Chunk:'.length))] },
    ],
    expected: () => ({ deleteDocuments: { deletedIds: [] } }),
  },
  {
    name: 'another language for a collection that holds documents',
    send: () => ['mutation { defineCollection(input: { name: "rooms", language: GERMAN }) { __typename } }', {}],
    expected: () => ({ defineCollection: { __typename: 'CollectionError' } }),
  },
  {
    name: "revocation of the other's API key",
    send: (_, other) => ['mutation($id: ID!) { revokeApiKey(id: $id) { name } }', { id: other.apiKeyId }],
    expected: () => ({ revokeApiKey: null }),
  },
];

/** What is the operator's alone, whichever tenant it is about. */
const operatorFields = [
  ['tenants', '{ tenants { edges { node { id } } } }'],
  ['managedTenant', 'query($id: String!) { managedTenant(id: $id) { id } }'],
  ['tenantDeletion', 'query($id: ID!) { tenantDeletion(id: $id) { id } }'],
  ['tenantDeletions', 'query($id: String!) { tenantDeletions(tenantId: $id) { id } }'],
  ['createTenant', 'mutation($id: String!) { createTenant(id: $id) { __typename } }'],
  ['renameTenant', 'mutation($id: String!) { renameTenant(id: $id, name: "x") { __typename } }'],
  ['suspendTenant', 'mutation($id: String!) { suspendTenant(id: $id) { __typename } }'],
  ['resumeTenant', 'mutation($id: String!) { resumeTenant(id: $id) { __typename } }'],
  ['deleteTenant', 'mutation($id: String!) { deleteTenant(id: $id) { __typename } }'],
] as const;

/** Refusals: the other's cursors, and what no tenant may have. */
const refusals: Operation[] = [
  {
    name: "documents behind the other's cursor",
    send: (_, other) => [documentsQuery, { after: other.listCursor }],
    expected: () => 'INVALID_CURSOR',
  },
  {
    name: "hits behind the other's cursor",
    send: (_, other) => [searchQuery, { input: { text: 'hot water' }, after: other.searchCursor }],
    expected: () => 'INVALID_CURSOR',
  },
  {
    name: 'an API key of the operator',
    send: () => ['mutation { createApiKey(input: { name: "all", scopes: ["operator"] }) { key } }', {}],
    expected: () => 'BAD_USER_INPUT',
  },
  {
    name: 'revocation of a token without an id',
    send: () => ['mutation { revokeToken(tokenId: "", expiresAt: "2026-01-01T00:00:00Z") { tokenId } }', {}],
    expected: () => 'BAD_USER_INPUT',
  },
  ...operatorFields.flatMap(([name, query]): Operation[] =>
    (['self', 'other'] as const).map((whose) => ({
      name: `${name} of ${whose}`,
      send: (me, other) => [query, { id: (whose === 'self' ? me : other).tenant }],
      expected: () => 'FORBIDDEN',
    })),
  ),
];

/** What only operators may do, even about the tenant itself. */
const operatorsOnly: Operation[] = [
  {
    name: "the other's limits",
    send: (_, other) => ['query($id: String!) { tenantLimits(tenantId: $id) { documents } }', { id: other.tenant }],
    expected: () => 'FORBIDDEN',
  },
  {
    name: 'limits for the other',
    send: (_, other) => [
      'mutation($id: String!) { setTenantLimits(input: { tenantId: $id, documents: 0 }) { documents } }',
      { id: other.tenant },
    ],
    expected: () => 'FORBIDDEN',
  },
];

/** Every query and mutation that a tenant may send, as itself and with what is the other's. None of them changes anything. */
export const tenantOperations: readonly Operation[] = [...reads, ...deniedWrites, ...refusals, ...operatorsOnly];

function objectWith(properties: Record<string, unknown>) {
  return expect.objectContaining(properties);
}

function text(part: string) {
  return expect.stringContaining(part);
}

function hits({ first, count }: { first?: string | undefined; count?: number }) {
  return {
    search: {
      __typename: 'SearchConnection',
      edges: {
        ...(count !== undefined && { length: count }),
        ...(first !== undefined && { 0: { node: { id: first } } }),
      },
    },
  };
}
