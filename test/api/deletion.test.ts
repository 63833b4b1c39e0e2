import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { purgeDocuments } from '../../src/worker/purge-documents.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents; delete from jobs; delete from collections'));

const note = (n: number, change: Record<string, unknown> = {}) => ({
  externalId: `n${n}`,
  collection: 'notes',
  title: `Note ${n}`,
  body: `The sauna of note ${n} is open.`,
  metadata: { year: 2020 + n },
  ...change,
});
const notes = (count: number) => Array.from({ length: count }, (_, n) => note(n));
const keptHours = 168;
const purge = async (hours = keptHours) => {
  while (await purgeDocuments(gateway.db.worker, hours));
};
const stored = async () =>
  (
    await gateway.db.owner.query<{ documents: number; chunks: number; embeddings: number }>(
      `select (select count(*)::int from documents) as documents, (select count(*)::int from chunks) as chunks,
        (select count(*)::int from embeddings) as embeddings`,
    )
  ).rows[0]!;

/** Every way in which a reader could come by a document; all of them must agree. */
async function waysToSee(id: string, externalId: string): Promise<Record<string, boolean>> {
  const seen: Record<string, boolean> = {};
  for (const mode of ['HYBRID', 'SEMANTIC', 'KEYWORD'] as const)
    for (const groupBy of ['DOCUMENT', 'CHUNK'] as const)
      seen[`${mode} ${groupBy}`] = externalIds(
        await client.search({ text: `sauna ${externalId}`, mode, groupBy }, { first: 100 }),
      ).includes(externalId);
  seen.documents = externalIds(await client.documents(undefined, { first: 100 })).includes(externalId);
  seen['by attribute'] = externalIds(
    await client.documents({ attributes: [{ name: 'year', number: { gte: 2000 } }] }, { first: 100 }),
  ).includes(externalId);
  const { document, node } = await client.query<{ document: unknown; node: unknown }>(
    'query($id: ID!) { document(id: $id) { body } node(id: $id) { id } }',
    { id },
  );
  seen.document = document !== null;
  seen.node = node !== null;
  const similar = await client.query<{ search: { __typename: string } }>(
    'query($input: SearchInput!) { search(input: $input) { __typename } }',
    { input: { similarTo: id } },
  );
  seen.similarTo = similar.search.__typename === 'SearchConnection';
  const { explainMissing } = await client.query<{ explainMissing: { reason: string } }>(
    'query($id: ID!) { explainMissing(documentId: $id, input: { text: "sauna" }) { ... on MissingExplanation { reason } } }',
    { id },
  );
  seen.explainMissing = explainMissing.reason !== 'NOT_THERE';
  const { collections } = await client.query<{ collections: { name: string; documents: number }[] }>(
    '{ collections { name documents } }',
  );
  seen.collections = (collections.find(({ name }) => name === 'notes')?.documents ?? 0) === 3;
  return seen;
}
const everyWay = (seen: Record<string, boolean>) => [...new Set(Object.values(seen))];

async function setUp() {
  await client.define({ name: 'notes', attributes: [{ name: 'year', type: 'NUMBER' }] });
  const documents = await client.upsert(notes(3));
  await gateway.embedAll();
  return documents.map(({ id }) => id);
}
const restore = async (ids: readonly string[]) =>
  (
    await client.query<{ restoreDocuments: { restoredIds: string[]; job: { total: number } | null } }>(
      'mutation($ids: [ID!]!) { restoreDocuments(ids: $ids) { ... on RestoreDocumentsPayload { restoredIds job { total } } } }',
      { ids },
    )
  ).restoreDocuments;

describe('a deleted document', () => {
  test('is seen by no way from that moment on, and by every way when it is brought back', async () => {
    const ids = await setUp();
    expect(everyWay(await waysToSee(ids[1]!, 'n1'))).toEqual([true]);
    expect(await client.delete([ids[1]!])).toEqual([ids[1]]);
    expect(everyWay(await waysToSee(ids[1]!, 'n1'))).toEqual([false]);
    expect(await client.delete([ids[1]!])).toEqual([]);
    expect(await restore([ids[1]!])).toEqual({ restoredIds: [ids[1]], job: { total: 1 } });
    expect(externalIds(await client.search({ text: 'note 1', mode: 'KEYWORD' }))).toContain('n1');
    await gateway.embedAll();
    expect(everyWay(await waysToSee(ids[1]!, 'n1'))).toEqual([true]);
    expect(await restore([ids[1]!])).toEqual({ restoredIds: [], job: null });
  });

  test('is not there for a patch, a write by its id, and a write that expects no document', async () => {
    const [id] = await setUp();
    await client.delete([id!]);
    expect(
      await client.query('mutation($id: ID!) { patchDocuments(input: [{ id: $id, status: "x" }]) { __typename } }', {
        id,
      }),
    ).toMatchObject({ patchDocuments: { __typename: 'InvalidDocumentError' } });
    expect(await client.tryUpsert([{ ...note(0), id: id!, externalId: undefined as never }])).toMatchObject({
      code: 'INVALID_DOCUMENT',
    });
    expect(await client.tryUpsert([{ ...note(0), ifVersion: 0 } as never])).toMatchObject({
      documents: [{ status: 'CREATED', id }],
    });
  });

  test('is new again when it is written again, and embedded', async () => {
    const [id] = await setUp();
    await client.delete([id!]);
    expect(await client.upsert([note(0)])).toMatchObject([{ id, status: 'CREATED' }]);
    expect(await gateway.embedAll()).toBe(1);
    expect(everyWay(await waysToSee(id!, 'n0'))).toEqual([true]);
    await purge(0);
    expect(everyWay(await waysToSee(id!, 'n0'))).toEqual([true]);
  });

  test('is removed by the worker when its time is up, and not before', async () => {
    const ids = await setUp();
    await client.delete([ids[0]!]);
    expect(await stored()).toEqual({ documents: 3, chunks: 2, embeddings: 2 });
    await purge();
    expect(await stored()).toMatchObject({ documents: 3 });
    await gateway.db.owner.query(
      `update documents set deleted_at = now() - interval '169 hours' where deleted_at is not null`,
    );
    await purge();
    expect(await stored()).toEqual({ documents: 2, chunks: 2, embeddings: 2 });
    expect(await restore([ids[0]!])).toEqual({ restoredIds: [], job: null });
  });

  test('is removed at once where that is asked for, also later', async () => {
    const ids = await setUp();
    const erase = (id: string) =>
      client.query('mutation($ids: [ID!]!) { deleteDocuments(ids: $ids, permanently: true) { deletedIds } }', {
        ids: [id],
      });
    await client.delete([ids[0]!]);
    expect(await erase(ids[0]!)).toEqual({ deleteDocuments: { deletedIds: [ids[0]] } });
    expect(await erase(ids[1]!)).toEqual({ deleteDocuments: { deletedIds: [ids[1]] } });
    expect(await stored()).toEqual({ documents: 1, chunks: 1, embeddings: 1 });
  });
});

describe('a document that expires', () => {
  const letItExpire = () =>
    gateway.db.owner.query(`update documents set expires_at = now() where expires_at is not null`);

  test('is seen by no way from that moment on, before anything clears it away', async () => {
    const ids = await setUp();
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    expect(await client.upsert([note(1, { expiresAt }) as never])).toMatchObject([{ status: 'UPDATED' }]);
    expect(await client.query('query($id: ID!) { document(id: $id) { expiresAt } }', { id: ids[1] })).toEqual({
      document: { expiresAt },
    });
    expect(everyWay(await waysToSee(ids[1]!, 'n1'))).toEqual([true]);
    await letItExpire();
    expect(everyWay(await waysToSee(ids[1]!, 'n1'))).toEqual([false]);
    expect(await stored()).toMatchObject({ documents: 3, chunks: 3 });
    expect(await restore([ids[1]!])).toEqual({ restoredIds: [], job: null });
    await purge();
    expect(await stored()).toEqual({ documents: 2, chunks: 2, embeddings: 2 });
  });

  test('stays where its expiry is taken back in time, by a patch or by a write without one', async () => {
    const [id] = await setUp();
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const patch = (expiresAt: string | null) =>
      client.query('mutation($input: [PatchDocumentInput!]!) { patchDocuments(input: $input) { __typename } }', {
        input: [{ id, expiresAt }],
      });
    await patch(soon);
    await patch(null);
    await letItExpire();
    expect(everyWay(await waysToSee(id!, 'n0'))).toEqual([true]);
    await patch(soon);
    await client.upsert([note(0)]);
    await letItExpire();
    expect(everyWay(await waysToSee(id!, 'n0'))).toEqual([true]);
  });

  test('is new again when it is written again before it is cleared away', async () => {
    const [id] = await setUp();
    await client.upsert([note(0, { expiresAt: '2020-01-01T00:00:00Z' }) as never]);
    expect(await client.query('query($id: ID!) { document(id: $id) { id } }', { id })).toEqual({ document: null });
    expect(await client.upsert([note(0)])).toMatchObject([{ id, status: 'CREATED' }]);
    await purge();
    await gateway.embedAll();
    expect(everyWay(await waysToSee(id!, 'n0'))).toEqual([true]);
  });
});

describe('many documents that expire', () => {
  test('take the place of no other in a search, before anything clears them away', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    for (let start = 0; start < 600; start += 200)
      await client.upsert(Array.from({ length: 200 }, (_, i) => note(start + i, { expiresAt }) as never));
    await client.upsert(Array.from({ length: 15 }, (_, i) => note(i, { externalId: `stays${i}`, title: 'Other' })));
    await gateway.embedAll();
    await gateway.db.owner.query('update documents set expires_at = now() where expires_at is not null');
    for (const mode of ['SEMANTIC', 'KEYWORD', 'HYBRID'] as const) {
      const { edges, pageInfo } = await client.search({ text: 'note sauna is open', mode }, { first: 10 });
      expect([mode, edges.length, pageInfo.hasNextPage]).toEqual([mode, 10, true]);
      expect(externalIds({ edges }).every((id) => id?.startsWith('stays'))).toBe(true);
    }
  });
});

describe('deletion by filter', () => {
  const deleteBy = async (filter: unknown, as: Client = client) =>
    (
      await as.query<{ deleteByFilter: { deleted: number; hasMore: boolean; job: { id: string } | null } }>(
        'mutation($filter: DocumentFilter!) { deleteByFilter(filter: $filter) { deleted hasMore job { id kind total } } }',
        { filter },
      )
    ).deleteByFilter;

  test('deletes what a search with the filter would show, and nothing else', async () => {
    await setUp();
    expect(await deleteBy({ attributes: [{ name: 'year', number: { gte: 2021 } }] })).toEqual({
      ...{ deleted: 2, hasMore: false, job: null },
    });
    expect(externalIds(await client.documents())).toEqual(['n0']);
    expect(await stored()).toMatchObject({ documents: 3, chunks: 1 });
    expect(await deleteBy({ externalId: { in: ['n1', 'n2'] } })).toMatchObject({ deleted: 0 });
  });

  test('hides many at once, and clears them away in the background, as a job', async () => {
    const beta = await openClient(gateway, 'beta');
    await beta.upsert(notes(1));
    for (let start = 0; start < 1_200; start += 200)
      await client.upsert(Array.from({ length: 200 }, (_, i) => note(start + i)));
    await client.upsert([note(1, { externalId: 'other', collection: 'other' })]);
    const { job, ...result } = await deleteBy({ collection: { eq: 'notes' } });
    expect(result).toEqual({ deleted: 1_200, hasMore: false });
    expect(externalIds(await client.search({ text: 'sauna' }, { first: 100 }))).toEqual(['other']);
    const progress = async () =>
      (
        await client.query<{ job: { status: string; done: number; total: number } }>(
          'query($id: ID!) { job(id: $id) { kind status done total failed } }',
          { id: job!.id },
        )
      ).job;
    expect(await progress()).toEqual({ kind: 'DELETE', status: 'RUNNING', done: 0, total: 1_200, failed: 0 });
    expect(await purgeDocuments(gateway.db.worker, keptHours)).toBe(true);
    expect(await progress()).toMatchObject({ status: 'RUNNING', done: 500 });
    // One comes back in the middle of it.
    const { rows } = await gateway.db.owner.query<{ id: string }>(
      'select id from documents where deletion is not null limit 1',
    );
    await restore([Buffer.from(`Document:${rows[0]!.id}`).toString('base64')]);
    await purge();
    expect(await progress()).toMatchObject({ status: 'FINISHED', done: 1_200 });
    expect(await stored()).toMatchObject({ documents: 1_202, chunks: 3 });
    expect(externalIds(await beta.documents())).toEqual(['n0']);
  });

  test.each([{}, { and: [] }, { and: [{ not: {} }], status: {} }])(
    'is refused without a condition: %j',
    async (filter) => {
      const answer = await gateway.graphql(
        client.token,
        'mutation($filter: DocumentFilter!) { deleteByFilter(filter: $filter) { deleted } }',
        { filter },
      );
      expect(answer.errors[0]?.extensions?.code).toBe('BAD_USER_INPUT');
    },
  );
});
