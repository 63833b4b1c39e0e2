import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';

/** What writes keep of access lists, and access lists of writes. */
let gateway: TestGateway;
let writer: Client;
let ann: Client;
let guest: Client;

const forAnn = { users: ['ann'], groups: [] };
const paragraph = (name: string) => `The ${name} piano. ${'It plays all day. '.repeat(60)}`;
const body = (...names: string[]) => names.map((name) => `## ${name}\n\n${paragraph(name)}`).join('\n\n');
const note = { externalId: 'one', collection: 'notes', title: 'Pianos' };

beforeAll(async () => {
  gateway = await openTestGateway();
  const reads = ['search', 'documents:read'];
  writer = await openClient(gateway, 'north', undefined, { subject: 'indexer' });
  ann = await openClient(gateway, 'north', reads, { subject: 'ann', groups: [] });
  guest = await openClient(gateway, 'north', reads, { subject: 'guest', groups: [] });
});
beforeEach(async () => {
  await gateway.embedAll();
  await gateway.db.owner.query('delete from documents');
});
afterAll(() => gateway.close());

/** The different audiences that a document, its passages, vectors and waiting jobs carry, and how many rows of each there are. */
async function carried() {
  const { rows } = await gateway.db.owner.query<{ kind: string; rows: number; audiences: number[] }>(
    `select kind, count(*)::int as rows, array_agg(distinct audience) as audiences from (
       select 'documents' as kind, audience from documents union all select 'chunks', audience from chunks
       union all select 'embeddings', audience from embeddings union all select 'embedding_jobs', audience from embedding_jobs
     ) a group by kind`,
  );
  const audiences = [...new Set(rows.flatMap((row) => row.audiences))];
  return { audiences, rows: Object.fromEntries(rows.map((row) => [row.kind, row.rows])) as Record<string, number> };
}
const vectors = async () =>
  (
    await gateway.db.owner.query<{ id: string; at: Date }>(
      'select chunk_id as id, created_at as at from embeddings order by chunk_id',
    )
  ).rows;
const found = async (by: Client, mode = 'SEMANTIC') =>
  externalIds(await by.search({ text: 'the piano plays', mode: mode as 'SEMANTIC' }));

async function patch(input: Record<string, unknown>) {
  const { patchDocuments } = await writer.query<{
    patchDocuments: { documents?: { status: string; version: number }[]; code?: string; message?: string };
  }>(
    `mutation($input: [PatchDocumentInput!]!) { patchDocuments(input: $input) {
       ... on PatchDocumentsPayload { documents { status version } } ... on Error { code message } } }`,
    { input: [input] },
  );
  return patchDocuments.documents?.[0] ?? patchDocuments;
}

describe('a patch of an access list', () => {
  test('replaces it, leaves it or opens the document, and embeds nothing anew', async () => {
    const [stored] = await writer.upsert([{ ...note, body: body('first', 'second') }]);
    const id = stored!.id;
    await gateway.embedAll();
    const before = await vectors();
    expect(await found(guest)).toEqual(['one']);

    expect(await patch({ id, acl: forAnn })).toEqual({ status: 'UPDATED', version: 2 });
    expect([await found(ann), await found(guest), await found(guest, 'KEYWORD')]).toEqual([['one'], [], []]);
    expect((await carried()).audiences).toEqual([expect.any(Number)]);

    expect(await patch({ id, status: 'draft' })).toEqual({ status: 'UPDATED', version: 3 });
    expect([await found(ann), await found(guest)]).toEqual([['one'], []]);
    expect(await patch({ id, acl: forAnn })).toEqual({ status: 'UNCHANGED', version: 3 });

    expect(await patch({ id, acl: null })).toEqual({ status: 'UPDATED', version: 4 });
    expect([await found(ann), await found(guest)]).toEqual([['one'], ['one']]);
    const { audiences, rows } = await carried();
    expect([audiences, rows.embedding_jobs]).toEqual([[0], undefined]);
    expect(await vectors()).toEqual(before);
  });

  test('is refused where the list names nobody, and changes nothing', async () => {
    const [stored] = await writer.upsert([{ ...note, body: body('first') }]);
    expect(await patch({ id: stored!.id, status: 'draft', acl: { users: [] } })).toMatchObject({
      code: 'INVALID_DOCUMENT',
      message: expect.stringMatching(/^Document 0: the acl /),
    });
    expect((await writer.documents({ status: { eq: 'draft' } })).edges).toEqual([]);
  });
});

describe('an edit', () => {
  test('gives new passages, jobs and the vectors that stand in the list of the document', async () => {
    await writer.upsert([{ ...note, body: body('first', 'second', 'third'), acl: forAnn }]);
    await gateway.embedAll();
    await writer.upsert([{ ...note, body: body('first', 'changed', 'third'), acl: forAnn }]);
    const { rows: standing } = await gateway.db.owner.query('select 1 from embeddings where stand_in > 0');
    expect(standing.length).toBeGreaterThan(0);
    const { audiences, rows } = await carried();
    expect(audiences).toEqual([expect.any(Number)]);
    expect(audiences).not.toContain(0);
    expect(rows.embedding_jobs).toBeGreaterThan(0);
    expect([await found(ann), await found(guest)]).toEqual([['one'], []]);
  });

  test('that changes the text and the list at once takes the old vectors along, at every moment', async () => {
    await writer.upsert([{ ...note, body: body('first', 'second', 'third') }]);
    await gateway.embedAll();
    const open = await carried();
    await writer.upsert([{ ...note, body: body('first', 'changed', 'third'), acl: forAnn }]);
    const closed = await carried();
    expect(closed.audiences).not.toEqual(open.audiences);
    expect(closed.audiences).toHaveLength(1);
    expect([await found(ann), await found(guest), await found(guest, 'KEYWORD')]).toEqual([['one'], [], []]);
    await gateway.embedAll();
    expect((await carried()).audiences).toEqual(closed.audiences);
    expect((await gateway.db.owner.query('select 1 from embeddings where stand_in > 0')).rows).toEqual([]);
    expect([await found(ann), await found(guest)]).toEqual([['one'], []]);
  });
});

test('a deleted document is hidden from those on its list, too, and comes back with its list', async () => {
  const [stored] = await writer.upsert([{ ...note, body: body('first'), acl: forAnn }]);
  await gateway.embedAll();
  expect([await found(ann), await found(guest)]).toEqual([['one'], []]);
  await writer.delete([stored!.id]);
  expect([await found(ann), await found(ann, 'KEYWORD')]).toEqual([[], []]);
  expect((await ann.documents()).edges).toEqual([]);
  await writer.query('mutation($ids: [ID!]!) { restoreDocuments(ids: $ids) { __typename } }', { ids: [stored!.id] });
  expect([await found(ann, 'KEYWORD'), await found(guest, 'KEYWORD')]).toEqual([['one'], []]);
  await gateway.embedAll();
  expect([await found(ann), await found(guest)]).toEqual([['one'], []]);
  expect((await carried()).audiences).not.toContain(0);
});

test('embedding anew keeps the list of every vector', async () => {
  await writer.upsert([{ ...note, body: body('first', 'second'), acl: forAnn }]);
  await gateway.embedAll();
  const before = await carried();
  await writer.query('mutation { reembed(collection: "notes") { __typename } }');
  const waiting = await carried();
  expect(waiting.audiences).toEqual(before.audiences);
  expect(waiting.rows.embedding_jobs).toBe(before.rows.chunks);
  await gateway.embedAll();
  expect(await carried()).toEqual(before);
  expect([await found(ann), await found(guest)]).toEqual([['one'], []]);
});

test('a job runs until it is through, for whoever may not see what it embeds as well', async () => {
  const { upsertDocuments } = await writer.query<{ upsertDocuments: { job: { id: string } } }>(
    `mutation($input: [UpsertDocumentInput!]!) {
       upsertDocuments(input: $input) { ... on UpsertDocumentsPayload { job { id } } } }`,
    { input: [{ ...note, body: body('first', 'second'), acl: forAnn }] },
  );
  const read = async (by: Client) =>
    (
      await by.query<{ job: { status: string; done: number; total: number } }>(
        'query($id: ID!) { job(id: $id) { status done total } }',
        { id: upsertDocuments.job.id },
      )
    ).job;
  const { total } = await read(ann);
  for (const by of [ann, guest, writer]) expect(await read(by)).toEqual({ status: 'RUNNING', done: 0, total });
  await gateway.embedAll();
  for (const by of [ann, guest, writer]) expect(await read(by)).toEqual({ status: 'FINISHED', done: total, total });
});

test('a document that a write leaves out stores no list', async () => {
  const lists = async () =>
    (await gateway.db.owner.query<{ n: number }>('select count(*)::int as n from audiences')).rows[0]!.n;
  const before = await lists();
  const acl = (name: string) => ({ users: [name], groups: [] });
  const input = [
    { ...note, externalId: 'good', body: 'A piano.', acl: acl('somebody new') },
    { ...note, externalId: 'empty', body: '', acl: acl('never stored') },
  ];
  await writer.query(
    'mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input, atomic: false) { __typename } }',
    { input },
  );
  expect(await lists()).toBe(before + 1);
});

test('a dead letter of a document that somebody may not see is not listed to them', async () => {
  await writer.upsert([{ ...note, body: body('first'), acl: forAnn }]);
  await gateway.db.owner.query('update embedding_jobs set dead_at = now()');
  const listed = async (by: Client) =>
    (await by.query<{ deadLetters: unknown[] }>('{ deadLetters { id } }')).deadLetters;
  expect((await listed(ann)).length).toBeGreaterThan(0);
  expect(await listed(guest)).toEqual([]);
});
