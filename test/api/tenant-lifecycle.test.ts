import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eraseTenants } from '../../src/worker/erase-tenants.ts';
import { purgeDocuments } from '../../src/worker/purge-documents.ts';
import { embedBatch } from '../support/embed-batch.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { dataOf } from '../support/graphql-answer.ts';
import { deleteMutation, documentsQuery, searchQuery, upsertMutation } from '../support/operations.ts';
import { expectRefusal } from '../support/refusal.ts';
import { countRows } from '../support/stored-rows.ts';

const documents = ['The lift goes to the roof.', 'The cellar floods in spring.'].map((body, index) => ({
  externalId: `${index}`,
  collection: 'house',
  title: `House ${index}`,
  body,
}));

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
/** Of a key that nobody has. */
const apiKeyGlobalId = Buffer.from('ApiKey:0198f3a4-0000-7000-8000-000000000000').toString('base64');

const act = (name: string) => `mutation($id: String!) {
  ${name}(id: $id) { __typename ... on ManagedTenant { id name status } ... on Error { code message } }
}`;
const deletion =
  'id tenantId status requestedBy requestId tokenId startedAt finishedAt indexesToDrop tables { table erasedRows remainingRows }';
const deleteTenant = `mutation($id: String!) { deleteTenant(id: $id) { __typename ... on TenantDeletion { ${deletion} } ... on Error { code } } }`;

let gateway: TestGateway;
let operator: string;
let alpha: string;
let beta: string;

beforeAll(async () => {
  gateway = await openTestGateway();
  operator = await gateway.tokenFor('operations', ['operator']);
  alpha = await gateway.tokenFor('alpha');
  beta = await gateway.tokenFor('beta');
});
afterAll(() => gateway.close());

beforeEach(async () => {
  await gateway.db.owner.query(
    'delete from tenant_deletions; delete from tenants; delete from canaries; delete from revoked_tokens',
  );
  for (const tenant of ['alpha', 'beta']) await gateway.upsert(tenant, documents);
  await gateway.embedAll();
});

async function operate<Data = Record<string, unknown>>(name: string, id = 'alpha'): Promise<Data> {
  return dataOf(await gateway.graphql<Record<string, Data>>(operator, act(name), { id }))[name] as Data;
}

/** One request of every kind that a tenant may send. */
const requests: readonly [string, string, Record<string, unknown>][] = [
  ['a search', searchQuery, { input: { text: 'the lift' } }],
  ['a search by words', searchQuery, { input: { text: 'lift', mode: 'KEYWORD' } }],
  ['the documents', documentsQuery, {}],
  ['a write', upsertMutation, { input: [{ ...documents[0], body: 'Changed.' }] }],
  ['a deletion of documents', deleteMutation, { ids: [] }],
  ['a definition', 'mutation { defineCollection(input: { name: "new" }) { __typename } }', {}],
  ['its size', '{ tenant { documents } }', {}],
  ['its collections', '{ collections { name } }', {}],
  ['a new API key', 'mutation { createApiKey(input: { name: "k", scopes: ["search"] }) { key } }', {}],
  ['its audit log', '{ auditLog(first: 1) { edges { node { action } } } }', {}],
  ['who it is', '{ viewer { tenantId } }', {}],
];

/** What takes credentials back, and finds which: the only requests that a suspended tenant is answered. */
const revocations: readonly [string, string, Record<string, unknown>][] = [
  ['its API keys', '{ apiKeys { name } }', {}],
  ['a revoked key', `mutation { revokeApiKey(id: "${apiKeyGlobalId}") { name } }`, {}],
  ['a revoked token', `mutation { revokeToken(tokenId: "x", expiresAt: "${inAnHour()}") { tokenId } }`, {}],
];

describe('a suspended tenant', () => {
  test('takes back what leaked, as its administrator and as nobody else, and stays suspended meanwhile', async () => {
    const create = 'mutation { createApiKey(input: { name: "leaked", scopes: ["search"] }) { key apiKey { id } } }';
    const made = dataOf(
      await gateway.graphql<{ createApiKey: { key: string; apiKey: { id: string } } }>(alpha, create),
    ).createApiKey;
    const leaked = await gateway.tokenFor('alpha', ['search'], { tokenId: 'leaked' });
    const reader = await gateway.tokenFor('alpha', ['search', 'documents:read', 'documents:write']);
    await operate('suspendTenant');
    for (const [, query, variables] of revocations)
      expectRefusal(await gateway.graphql(reader, query, variables), { status: 403, code: 'FORBIDDEN', says: /admin/ });
    expect(dataOf(await gateway.graphql(alpha, '{ apiKeys { id name revokedAt } }'))).toEqual({
      apiKeys: [{ id: made.apiKey.id, name: 'leaked', revokedAt: null }],
    });
    const revokeKey = 'mutation($id: ID!) { revokeApiKey(id: $id) { revokedAt } }';
    expect(dataOf(await gateway.graphql(alpha, revokeKey, { id: made.apiKey.id }))).toEqual({
      revokeApiKey: { revokedAt: expect.any(String) },
    });
    const revokeToken = `mutation { revokeToken(tokenId: "leaked", expiresAt: "${inAnHour()}") { tokenId } }`;
    expect((await gateway.graphql(alpha, revokeToken)).errors).toEqual([]);
    expectRefusal(await gateway.graphql(alpha, create), { status: 403, code: 'TENANT_SUSPENDED', says: /suspended/ });
    await operate('resumeTenant');
    for (const credential of [made.key, leaked])
      expectRefusal(await gateway.graphql(credential, '{ viewer { tenantId } }'), {
        status: 401,
        code: 'TOKEN_REVOKED',
        says: /was revoked/,
      });
    const { rows } = await gateway.db.owner.query(
      `select action from audit_log where tenant_id = 'alpha' and action like 'revoke%' order by action`,
    );
    expect(rows).toEqual([{ action: 'revokeApiKey' }, { action: 'revokeToken' }]);
  });

  test('is refused everything else with TENANT_SUSPENDED, and answered as before once it is resumed', async () => {
    const { key } = dataOf(
      await gateway.graphql<{ createApiKey: { key: string } }>(
        alpha,
        'mutation { createApiKey(input: { name: "robot", scopes: ["search", "documents:read"] }) { key } }',
      ),
    ).createApiKey;
    const before = await countRows(gateway.db.owner);
    expect(await operate('suspendTenant')).toEqual({
      __typename: 'ManagedTenant',
      id: 'alpha',
      name: '',
      status: 'SUSPENDED',
    });
    const suspended = {
      status: 403,
      code: 'TENANT_SUSPENDED',
      says: /^The tenant is suspended: .* until an operator resumes it/,
    };
    for (const [, query, variables] of requests) {
      expectRefusal(await gateway.graphql(alpha, query, variables), suspended);
      expect((await gateway.graphql(beta, query.replace('Changed', 'Other'), variables)).errors).toEqual([]);
    }
    for (const query of ['{ viewer { tenantId } }', '{ documents { edges { cursor } } }'])
      expectRefusal(await gateway.graphql(key, query), suspended);
    expect(await operate('resumeTenant')).toMatchObject({ status: 'ACTIVE' });
    expect((await gateway.graphql(key, '{ viewer { tenantId } }')).errors).toEqual([]);
    const { search } = dataOf(
      await gateway.graphql<{ search: { mode: string; edges: unknown[] } }>(alpha, searchQuery, {
        input: { text: 'the lift' },
      }),
    );
    expect(search).toMatchObject({ mode: 'HYBRID', edges: { length: 2 } });
    const { rows } = await gateway.db.owner.query(
      `select count(*)::int as count from documents where tenant_id = 'alpha'`,
    );
    expect(rows).toEqual([{ count: 2 }]);
    expect(before.documents).toBe(4);
  });

  test('has its jobs wait, and loses none', async () => {
    const changed = documents.map((document) => ({ ...document, body: `${document.body} And then?` }));
    for (const tenant of ['alpha', 'beta']) await gateway.upsert(tenant, changed);
    await operate('suspendTenant');
    expect(await gateway.embedAll(), 'only the neighbour’s').toBe(2);
    const waiting = async () =>
      (await gateway.db.owner.query('select tenant_id as id, count(*)::int as jobs from embedding_jobs group by 1'))
        .rows;
    expect(await waiting()).toEqual([{ id: 'alpha', jobs: 2 }]);
    await operate('resumeTenant');
    expect(await gateway.embedAll()).toBe(2);
    expect(await waiting()).toEqual([]);
  });

  test('keeps what was deleted or expires meanwhile, and what is left of a deletion, until it is resumed', async () => {
    const before = await gateway.db.owner.query('select 1 from documents');
    await gateway.db.owner.query(
      `update documents set deleted_at = now() - interval '1 year' where external_id = '0';
       update documents set expires_at = now() - interval '1 year' where external_id = '1';
       insert into jobs (tenant_id, id, kind, total, created_by) select id, gen_random_uuid(), 'delete', 1, 'ada' from tenants`,
    );
    const left = async () =>
      (
        await gateway.db.owner.query(
          `select t.id, (select count(*)::int from documents d where d.tenant_id = t.id) as documents,
             (select sum(done)::int from jobs j where j.tenant_id = t.id and kind = 'delete') as done from tenants t order by 1`,
        )
      ).rows;
    await operate('suspendTenant');
    await purgeDocuments(gateway.db.worker, 1);
    expect(before.rows).toHaveLength(4);
    expect(await left()).toMatchObject([
      { id: 'alpha', documents: 2, done: 0 },
      { id: 'beta', documents: 0, done: 1 },
    ]);
    await operate('resumeTenant');
    await purgeDocuments(gateway.db.worker, 1);
    expect(await left()).toMatchObject([
      { id: 'alpha', documents: 0, done: 1 },
      { id: 'beta', documents: 0, done: 1 },
    ]);
  });

  test('that is suspended while its chunks are embedded takes no vectors, keeps the jobs, and holds nobody else up', async () => {
    const changed = documents.map((document) => ({ ...document, body: `${document.body} And now?` }));
    for (const tenant of ['alpha', 'beta']) await gateway.upsert(tenant, changed);
    const { embedder } = gateway.workerDeps;
    const slow = {
      ...embedder,
      embed: async (...args: Parameters<typeof embedder.embed>) => {
        await operate('suspendTenant');
        return embedder.embed(...args);
      },
    };
    const batch = await embedBatch({ ...gateway.workerDeps, embedder: slow });
    expect(batch).toMatchObject({ claimed: 4, embedded: 2, failed: 2 });
    const { rows } = await gateway.db.owner.query(
      'select tenant_id as id, count(*)::int as jobs, min(last_error) as error from embedding_jobs group by 1',
    );
    expect(rows).toEqual([{ id: 'alpha', jobs: 2, error: null }]);
  });
});

describe('a deleted tenant', () => {
  test('is refused at once, erased by the worker, and leaves a receipt that proves it', async () => {
    const token = await gateway.tokenFor('operator', ['operator'], { tokenId: 'ticket-1' });
    const answer = await gateway.graphql<{ deleteTenant: { id: string } }>(token, deleteTenant, { id: 'alpha' });
    const requested = dataOf(answer);
    const asked = { requestedBy: 'somebody', requestId: answer.headers.get('x-request-id'), tokenId: 'ticket-1' };
    expect(requested.deleteTenant).toMatchObject({
      __typename: 'TenantDeletion',
      tenantId: 'alpha',
      status: 'WAITING',
      ...asked,
      finishedAt: null,
      tables: [],
    });
    const deleted = { status: 403, code: 'TENANT_DELETED', says: /deleted, or is being deleted/ };
    for (const [, query, variables] of [...requests, ...revocations])
      expectRefusal(await gateway.graphql(alpha, query, variables), deleted);
    await eraseTenants(gateway.db.worker);
    const { tenantDeletion } = dataOf(
      await gateway.graphql<{
        tenantDeletion: { tables: { table: string; erasedRows: number; remainingRows: number }[] };
      }>(operator, `query($id: ID!) { tenantDeletion(id: $id) { ${deletion} } }`, { id: requested.deleteTenant.id }),
    );
    expect(tenantDeletion).toMatchObject({
      ...asked,
      status: 'FINISHED',
      finishedAt: expect.any(String),
      indexesToDrop: [],
    });
    expect(tenantDeletion.tables).toEqual(
      expect.arrayContaining([
        { table: 'documents', erasedRows: 2, remainingRows: 0 },
        { table: 'chunks', erasedRows: 2, remainingRows: 0 },
        { table: 'embeddings', erasedRows: 2, remainingRows: 0 },
        { table: 'tenants', erasedRows: 1, remainingRows: 0 },
      ]),
    );
    expect(tenantDeletion.tables.reduce((sum, { remainingRows }) => sum + remainingRows, 0)).toBe(0);
    for (const [, query, variables] of [...requests, ...revocations])
      expectRefusal(await gateway.graphql(alpha, query, variables), deleted);
    for (const [, query, variables] of requests)
      expect((await gateway.graphql(beta, query, variables)).errors).toEqual([]);
    const { tenantDeletions } = dataOf(
      await gateway.graphql(operator, '{ tenantDeletions(tenantId: "alpha") { status } }'),
    );
    expect(tenantDeletions).toEqual([{ status: 'FINISHED' }]);
  });

  test('may be created anew by an operator, empty', async () => {
    await gateway.graphql(operator, deleteTenant, { id: 'alpha' });
    await eraseTenants(gateway.db.worker);
    expect(await operate('createTenant')).toMatchObject({ __typename: 'ManagedTenant', status: 'ACTIVE' });
    expect(dataOf(await gateway.graphql(alpha, '{ tenant { documents } }'))).toEqual({ tenant: { documents: 0 } });
    expect((await gateway.graphql(alpha, upsertMutation, { input: documents })).errors).toEqual([]);
  });
});

describe('a token with the scope operator', () => {
  test('lists tenants with their sizes, page by page', async () => {
    await operate('suspendTenant', 'beta');
    const list = `query($after: String, $status: TenantStatus) { tenants(first: 1, after: $after, status: $status) {
      edges { node { id name status tier createdAt sizes { documents chunks embeddings estimatedBytes } } }
      pageInfo { hasNextPage endCursor } } }`;
    const page = async (variables: Record<string, unknown> = {}) =>
      dataOf(
        await gateway.graphql<{ tenants: { edges: unknown[]; pageInfo: { endCursor: string } } }>(
          operator,
          list,
          variables,
        ),
      ).tenants;
    const first = await page();
    expect(first).toMatchObject({
      edges: [
        { node: { id: 'alpha', status: 'ACTIVE', tier: 'EXACT', sizes: { documents: 2, chunks: 2, embeddings: 2 } } },
      ],
      pageInfo: { hasNextPage: true },
    });
    expect(await page({ after: first.pageInfo.endCursor })).toMatchObject({
      edges: [{ node: { id: 'beta', status: 'SUSPENDED' } }],
      pageInfo: { hasNextPage: false },
    });
    expect(await page({ status: 'SUSPENDED' })).toMatchObject({ edges: [{ node: { id: 'beta' } }] });
    expectRefusal(await gateway.graphql(operator, list, { after: first.pageInfo.endCursor, status: 'ACTIVE' }), {
      status: 400,
      code: 'INVALID_CURSOR',
      says: /another query/,
    });
    expect(
      dataOf(
        await gateway.graphql(operator, '{ a: managedTenant(id: "alpha") { id } b: managedTenant(id: "x") { id } }'),
      ),
    ).toEqual({
      a: { id: 'alpha' },
      b: null,
    });
  });

  test('creates and renames, and is told as data why not', async () => {
    expect(await operate('createTenant', 'gamma')).toMatchObject({ id: 'gamma', status: 'ACTIVE' });
    expect(await operate('createTenant', 'gamma')).toMatchObject({
      __typename: 'TenantStateError',
      code: 'TENANT_EXISTS',
    });
    expect(await operate('suspendTenant', 'nobody')).toMatchObject({ code: 'TENANT_NOT_FOUND' });
    await gateway.graphql(operator, deleteTenant, { id: 'gamma' });
    expect(await operate('resumeTenant', 'gamma')).toMatchObject({ code: 'TENANT_BEING_DELETED' });
    const rename =
      'mutation($name: String!) { renameTenant(id: "alpha", name: $name) { ... on ManagedTenant { id name } } }';
    expect(dataOf(await gateway.graphql(operator, rename, { name: 'Alpha & Co' }))).toEqual({
      renameTenant: { id: 'alpha', name: 'Alpha & Co' },
    });
    for (const [query, variables] of [
      [rename, { name: 'x'.repeat(201) }],
      [act('createTenant'), { id: 'no spaces' }],
      [deleteTenant, { id: '' }],
      ['{ tenantDeletion(id: "x") { id } }', {}],
    ] as const)
      expectRefusal(await gateway.graphql(operator, query, variables), {
        status: 400,
        code: 'BAD_USER_INPUT',
        says: /allowed|is not the id/,
      });
  });

  test('opens no data, of its own tenant or of another', async () => {
    for (const [name, query, variables] of [...requests, ...revocations].filter(([one]) => one !== 'who it is')) {
      const answer = await gateway.graphql(operator, query, variables);
      expect([name, answer.status, answer.errors[0]?.extensions?.code]).toEqual([name, 403, 'FORBIDDEN']);
    }
    expect(dataOf(await gateway.graphql(operator, '{ viewer { tenantId scopes } }'))).toEqual({
      viewer: { tenantId: 'operations', scopes: ['operator'] },
    });
  });

  test('may be of a tenant that is suspended: lifecycles are nobody’s own', async () => {
    const own = await gateway.tokenFor('alpha', ['operator']);
    await operate('suspendTenant');
    expectRefusal(await gateway.graphql(own, '{ viewer { tenantId } }'), {
      status: 403,
      code: 'TENANT_SUSPENDED',
      says: /suspended/,
    });
    expect(dataOf(await gateway.graphql(own, act('resumeTenant'), { id: 'alpha' }))).toMatchObject({
      resumeTenant: { status: 'ACTIVE' },
    });
  });
});
