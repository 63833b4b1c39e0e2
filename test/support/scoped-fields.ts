import { randomUUID } from 'node:crypto';
import type { TokenScope } from '../../src/auth/scopes.ts';
import { globalId } from './look-alikes.ts';

const nobody = globalId('Document', randomUUID());
const noJob = globalId('Job', randomUUID());
const noKey = globalId('ApiKey', randomUUID());
const noDeletion = globalId('TenantDeletion', randomUUID());
const boiler = '__typename: "Document", collection: "help", externalId: "boiler"';
const search = 'search(input: { text: "hot water" }, first: 1)';
const hit = (field: string) => `{ ${search} { ... on SearchConnection { edges { node { ${field} } } } } }`;
const stored = (field: string) => `{ documents(first: 1) { edges { node { ${field} } } } }`;

/** A request for a field, which a token with the field's scope is given without errors. */
export type ScopedField = readonly [field: string, scope: TokenScope, request: string];

/** Every query, mutation and subscription that has a scope. */
export const rootFields: readonly ScopedField[] = [
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

/** Fields of other types with a scope of their own, asked for through one of another scope. */
export const innerFields: readonly (readonly [
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
