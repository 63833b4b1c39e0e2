import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAuditLog } from '../../src/audit/read-audit-log.ts';
import { adminScope, operatorScope, workerScope, writerScope } from '../../src/db/scope.ts';
import { schema } from '../../src/graphql/schema.ts';
import { purgeOldRows } from '../../src/worker/purge-old-rows.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { dataOf } from '../support/graphql-answer.ts';
import { tryInScope } from '../support/in-scope.ts';
import { globalId } from '../support/look-alikes.ts';
import { principalOf } from '../support/principal.ts';
import { expectRefusal } from '../support/refusal.ts';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: { subject: string; apiKeyId: string | null; tokenId: string | null; isOperator: boolean };
  readonly requestId: string | null;
  readonly targetKind: string;
  readonly targetIds: readonly string[];
  readonly targetCount: number;
  readonly details: Record<string, unknown>;
}

interface Log {
  readonly auditLog: {
    readonly edges: readonly { readonly cursor: string; readonly node: Entry }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const logQuery = `query($filter: AuditFilter, $first: Int, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    edges { cursor node {
      id at action actor { subject apiKeyId tokenId isOperator } requestId targetKind targetIds targetCount details
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** A word that is in every text that is stored here. */
const secretWord = 'xylophone';
const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
const everyone = ['search', 'documents:read', 'documents:write', 'tenant:admin', 'operator'];

let gateway: TestGateway;
let token: string;

beforeAll(async () => {
  gateway = await openTestGateway();
  token = await gateway.tokenFor('alpha', everyone, { subject: 'ada', tokenId: 'ticket-1' });
});
afterAll(() => gateway.close());

/** One mutation of each name that changes something, given the ids of what is there. */
const mutations: Record<string, () => Promise<readonly [query: string, variables: Record<string, unknown>]>> = {
  upsertDocuments: async () => [
    `mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input) { __typename } }`,
    { input: [document('one'), document('two')] },
  ],
  deleteDocuments: async () => [
    'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }',
    { ids: [await storedDocument('to go')] },
  ],
  patchDocuments: async () => [
    'mutation($input: [PatchDocumentInput!]!) { patchDocuments(input: $input) { __typename } }',
    { input: [{ id: await storedDocument('to patch'), mergeMetadata: { word: secretWord } }] },
  ],
  patchDocument: async () => [
    'mutation($input: PatchDocumentInput!) { patchDocument(input: $input) { __typename } }',
    { input: { id: await storedDocument('to patch alone'), mergeMetadata: { word: secretWord } } },
  ],
  restoreDocuments: async () => {
    const ids = [await storedDocument('to restore')];
    await gateway.graphql(token, 'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }', { ids });
    return ['mutation($ids: [ID!]!) { restoreDocuments(ids: $ids) { __typename } }', { ids }];
  },
  deleteByFilter: async () => {
    await storedDocument('to go by filter');
    return [
      'mutation($filter: DocumentFilter!) { deleteByFilter(filter: $filter) { deleted } }',
      { filter: { externalId: { eq: 'to go by filter' } } },
    ];
  },
  requeue: async () => {
    await gateway.upsert('alpha', [document('dead')]);
    await gateway.db.owner.query(
      `update embedding_jobs j set dead_at = now() from chunks c join documents d on d.id = c.document_id
       where c.id = j.chunk_id and d.external_id = 'dead'`,
    );
    return ['mutation { requeue { requeued } }', {}];
  },
  reembed: async () => [
    'mutation($ids: [ID!]) { reembed(ids: $ids) { __typename } }',
    { ids: [await storedDocument('to embed')] },
  ],
  defineCollection: async () => [
    'mutation { defineCollection(input: { name: "letters", attributes: [{ name: "year", type: NUMBER }] }) { __typename } }',
    {},
  ],
  createApiKey: async () => ['mutation { createApiKey(input: { name: "robot", scopes: ["search"] }) { key } }', {}],
  revokeApiKey: async () => [
    'mutation($id: ID!) { revokeApiKey(id: $id) { name } }',
    { id: (await createKey(['search'])).apiKey.id },
  ],
  revokeToken: async () => [
    'mutation($at: DateTime!) { revokeToken(tokenId: "ticket-2", expiresAt: $at) { tokenId } }',
    { at: inAnHour },
  ],
  setTenantLimits: async () => [
    'mutation { setTenantLimits(input: { tenantId: "alpha", requestsPerMinute: 100000 }) { overrides } }',
    {},
  ],
};

/** What operators do to another tenant, in this order: it cannot read its own log while it is suspended or deleted. */
const lifecycle: Record<string, string> = {
  createTenant: 'mutation { createTenant(id: "delta", name: "Beta") { __typename } }',
  suspendTenant: 'mutation { suspendTenant(id: "delta") { __typename } }',
  resumeTenant: 'mutation { resumeTenant(id: "delta") { __typename } }',
  renameTenant: 'mutation { renameTenant(id: "delta", name: "Beta and sons") { __typename } }',
  deleteTenant: 'mutation { deleteTenant(id: "delta") { __typename } }',
};

function document(externalId: string) {
  return { collection: 'notes', externalId, title: `A ${secretWord}`, body: `It plays the ${secretWord}.` };
}

async function storedDocument(externalId: string): Promise<string> {
  const [stored] = await gateway.upsert('alpha', [document(externalId)]);
  return globalId('Document', stored!.id);
}

async function createKey(scopes: readonly string[]): Promise<{ key: string; apiKey: { id: string } }> {
  const { createApiKey } = dataOf(
    await gateway.graphql<{ createApiKey: { key: string; apiKey: { id: string } } }>(
      token,
      'mutation($scopes: [String!]!) { createApiKey(input: { name: "robot", scopes: $scopes }) { key apiKey { id } } }',
      { scopes },
    ),
  );
  return createApiKey;
}

async function readLog(variables: Record<string, unknown> = {}, as = token): Promise<Log['auditLog']> {
  return dataOf(await gateway.graphql<Log>(as, logQuery, variables)).auditLog;
}

async function entriesOf(action: string): Promise<Entry[]> {
  const { edges } = await readLog({ filter: { action }, first: 100 });
  return edges.map(({ node }) => node);
}

describe('the audit log', () => {
  test('has a mutation here for each that the schema has', () => {
    expect([...Object.keys(mutations), ...Object.keys(lifecycle)].sort()).toEqual(
      Object.keys(schema.getMutationType()?.getFields() ?? {}).sort(),
    );
  });

  test.each(Object.keys(mutations))('gets one row of %s, with who, what and in which request', async (name) => {
    const [query, variables] = await mutations[name]!();
    const before = await entriesOf(name);
    const answer = await gateway.graphql(token, query, variables);
    expect(answer.errors).toEqual([]);
    const after = await entriesOf(name);
    expect(after.length).toBe(before.length + 1);
    expect(after[0]).toMatchObject({
      action: name,
      actor: { subject: 'ada', apiKeyId: null, tokenId: 'ticket-1', isOperator: name === 'setTenantLimits' },
      requestId: answer.headers.get('x-request-id'),
      targetCount: name === 'upsertDocuments' ? 2 : 1,
      targetIds: { length: name === 'upsertDocuments' ? 2 : 1 },
    });
    expect(Math.abs(Date.parse(after[0]!.at) - Date.now())).toBeLessThan(60_000);
  });

  test.each(Object.entries(lifecycle))('gets one row of %s, in the tenant that it was done to', async (name, query) => {
    const { headers, errors } = await gateway.graphql(token, query);
    expect(errors).toEqual([]);
    const { rows } = await gateway.db.owner.query(
      'select tenant_id, subject, token_id, by_operator, request_id, target_ids from audit_log where action = $1',
      [name],
    );
    expect(rows).toEqual([
      {
        tenant_id: 'delta',
        subject: 'ada',
        token_id: 'ticket-1',
        by_operator: true,
        request_id: headers.get('x-request-id'),
        target_ids: ['delta'],
      },
    ]);
  });

  test('names what was changed: documents and keys by their global ids, the rest by name', async () => {
    const id = await storedDocument('named');
    await gateway.graphql(token, 'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }', { ids: [id] });
    expect((await entriesOf('deleteDocuments'))[0]).toMatchObject({ targetKind: 'document', targetIds: [id] });
    const { apiKey } = await createKey(['search']);
    expect((await entriesOf('createApiKey'))[0]).toMatchObject({
      targetKind: 'apiKey',
      targetIds: [apiKey.id],
      details: { name: 'robot', scopes: ['search'] },
    });
    expect((await entriesOf('defineCollection'))[0]).toMatchObject({
      targetKind: 'collection',
      targetIds: ['letters'],
      details: { language: 'english', attributes: [{ name: 'year', type: 'number' }] },
    });
  });

  test('names the API key that somebody came with', async () => {
    const { key, apiKey } = await createKey(['documents:write']);
    const input = [document('by key')];
    await gateway.graphql(
      key,
      'mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input) { __typename } }',
      { input },
    );
    expect((await entriesOf('upsertDocuments'))[0]?.actor).toEqual({
      subject: expect.stringMatching(/^key:/),
      apiKeyId: apiKey.id,
      tokenId: null,
      isOperator: false,
    });
  });

  test('gets one row of a write that is sent twice under one key', async () => {
    const before = await entriesOf('upsertDocuments');
    for (const _ of ['first', 'again']) {
      const { errors } = await gateway.graphql(
        token,
        'mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input, idempotencyKey: "k-1") { __typename } }',
        { input: [document('once')] },
      );
      expect(errors).toEqual([]);
    }
    expect((await entriesOf('upsertDocuments')).length).toBe(before.length + 1);
  });

  test('names dead letters as they are listed', async () => {
    const [query, variables] = await mutations.requeue!();
    const { deadLetters } = dataOf(
      await gateway.graphql<{ deadLetters: { id: string }[] }>(token, '{ deadLetters { id } }'),
    );
    await gateway.graphql(token, query, variables);
    expect((await entriesOf('requeue'))[0]).toMatchObject({
      targetKind: 'deadLetter',
      targetIds: deadLetters.map(({ id }) => id),
    });
  });

  test('names of ids that were to be embedded anew those that were', async () => {
    const own = await storedDocument('to embed again');
    const [foreign] = await gateway.upsert('elsewhere', [document('of another')]);
    const nobody = globalId('Document', '01890000-0000-7000-8000-000000000009');
    const [query] = await mutations.reembed!();
    await gateway.graphql(token, query, { ids: [globalId('Document', foreign!.id), own, nobody, own] });
    expect((await entriesOf('reembed'))[0]).toMatchObject({ targetIds: [own], targetCount: 1 });
  });

  test('gets nothing of a mutation that changed nothing, or that was refused', async () => {
    await storedDocument('same');
    const { rows: before } = await gateway.db.owner.query('select id from audit_log');
    await storedDocument('same');
    const nobody = globalId('Document', '01890000-0000-7000-8000-000000000009');
    await gateway.graphql(token, 'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }', {
      ids: [nobody],
    });
    const faulty = [document('new'), { ...document('faulty'), title: '' }];
    await gateway.graphql(
      token,
      'mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input) { __typename } }',
      { input: faulty },
    );
    expect((await gateway.db.owner.query('select id from audit_log')).rows.length).toBe(before.length);
  });

  test('holds no text of a document, no token and no key', async () => {
    const { key } = await createKey(['search']);
    for (const mutation of Object.values(mutations)) await gateway.graphql(token, ...(await mutation()));
    const { rows } = await gateway.db.owner.query<{ text: string }>('select a::text as text from audit_log a');
    expect(rows.length).toBeGreaterThan(10);
    for (const { text } of rows) {
      for (const secret of [secretWord, token, token.split('.')[2]!, key, key.slice(17)])
        expect(text).not.toContain(secret);
    }
  });

  test('is read page by page, newest first, and by action, actor and time', async () => {
    const all = await readLog({ first: 100 });
    const ids = all.edges.map(({ node }) => node.id);
    expect(ids.length).toBeGreaterThan(5);
    const paged: string[] = [];
    let after: string | null = null;
    do {
      const page: Log['auditLog'] = await readLog({ first: 3, after });
      paged.push(...page.edges.map(({ node }) => node.id));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after);
    expect(paged).toEqual(ids);
    const times = all.edges.map(({ node }) => Date.parse(node.at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect((await readLog({ filter: { actor: 'nobody' } })).edges).toEqual([]);
    const middle = all.edges[Math.floor(ids.length / 2)]!.node.at;
    const until = await readLog({ filter: { until: middle }, first: 100 });
    const since = await readLog({ filter: { since: middle }, first: 100 });
    expect(until.edges.length + since.edges.length).toBe(ids.length);
    expect(since.edges.length).toBeGreaterThan(0);
    expectRefusal(await gateway.graphql(token, logQuery, { filter: { actor: 'x' }, after: all.edges[0]!.cursor }), {
      status: 400,
      code: 'INVALID_CURSOR',
      says: /belongs to another query/,
    });
  });

  test('is for administrators of the tenant, and shows another tenant’s nothing', async () => {
    const stranger = await gateway.tokenFor('beta', everyone);
    expect((await readLog({}, stranger)).edges).toEqual([]);
    expect((await readLog()).edges.length).toBeGreaterThan(0);
    const modest = await gateway.tokenFor('alpha', ['search', 'documents:read', 'documents:write', 'operator']);
    expectRefusal(await gateway.graphql(modest, logQuery), { status: 403, code: 'FORBIDDEN', says: /tenant:admin/ });
    const bypass = readAuditLog(gateway.deps, principalOf('alpha'), { filter: {} });
    await expect(bypass).rejects.toMatchObject({ code: '42501' });
  });
});

describe('a row of the audit log', () => {
  const columns = 'tenant_id, id, action, target_kind, target_count';
  const values = `'alpha', gen_random_uuid(), 'tried', 'tenant', 1`;
  const ada = principalOf('alpha', { scopes: everyone, subject: 'ada', requestId: 'r-1' });
  const refused = { code: '42501' };

  test('says who by the scope that writes it, whatever the statement would say', async () => {
    for (const scope of [writerScope(ada), adminScope(ada)]) {
      const plain = await tryInScope(
        gateway.db.database,
        scope,
        `insert into audit_log (${columns}) values (${values})`,
      );
      expect(plain).toMatchObject({ count: 1 });
      for (const [column, value] of [
        ['subject', "'eve'"],
        ['at', "'2020-01-01'"],
        ['request_id', "'r-2'"],
        ['by_operator', 'true'],
      ]) {
        const forged = `insert into audit_log (${columns}, ${column}) values (${values}, ${value})`;
        expect(await tryInScope(gateway.db.database, scope, forged), column).toEqual(refused);
      }
    }
  });

  test('is not written by nobody', async () => {
    const { subject: _, ...nobody } = writerScope(ada);
    const insert = `insert into audit_log (${columns}) values (${values})`;
    expect(await tryInScope(gateway.db.database, nobody, insert)).toEqual({ code: '23502' });
  });

  test('is changed and removed by nobody, and old ones by the worker alone', async () => {
    for (const scope of [writerScope(ada), adminScope(ada), operatorScope]) {
      expect(await tryInScope(gateway.db.database, scope, `update audit_log set action = 'other'`)).toEqual(refused);
      expect(await tryInScope(gateway.db.database, scope, 'delete from audit_log')).toEqual(refused);
    }
    const worker = workerScope();
    expect(await tryInScope(gateway.db.worker, worker, `update audit_log set action = 'other'`)).toEqual(refused);
    // Those of this test are new.
    expect(await tryInScope(gateway.db.worker, worker, 'delete from audit_log')).toMatchObject({ count: 0 });
  });

  test('is cleared away when it is older than it has to be kept, and only then', async () => {
    const ages = [5, 20, 40, 400];
    for (const days of ages) {
      await gateway.db.owner.query(
        `insert into audit_log (tenant_id, id, at, action, subject, target_kind, target_count)
         values ('alpha', gen_random_uuid(), now() - make_interval(days => $1), 'aged', 'old', 'tenant', $1)`,
        [days],
      );
    }
    const kept = async () => {
      const { rows } = await gateway.db.owner.query<{ days: number }>(
        `select target_count as days from audit_log where action = 'aged' order by 1`,
      );
      return rows.map(({ days }) => days);
    };
    const database = gateway.db.worker;
    await purgeOldRows({ database });
    expect(await kept()).toEqual(ages);
    await purgeOldRows({ database, auditRetentionDays: 30 });
    expect(await kept()).toEqual([5, 20]);
    // No setting can be shorter than the week that the policy keeps.
    await purgeOldRows({ database, auditRetentionDays: 1 });
    expect(await kept()).toEqual([5]);
  });
});
