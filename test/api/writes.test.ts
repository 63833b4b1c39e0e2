import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents; delete from jobs; delete from write_outcomes'));

const note = (n: number, change: Record<string, unknown> = {}) => ({
  externalId: `n${n}`,
  collection: 'notes',
  title: `Note ${n}`,
  body: `The body of note ${n}.`,
  ...change,
});

const writeMutation = `mutation($input: [UpsertDocumentInput!]!, $atomic: Boolean, $key: String, $job: ID) {
  upsertDocuments(input: $input, atomic: $atomic, idempotencyKey: $key, job: $job) {
    __typename
    ... on UpsertDocumentsPayload {
      documents { index id status version }
      leftOut { index code message currentVersion }
      job { id total status }
    }
    ... on VersionConflictError { index currentVersion }
    ... on InvalidDocumentError { index }
    ... on Error { code message }
  }
}`;

interface Written {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
  readonly index?: number;
  readonly currentVersion?: number;
  readonly documents: readonly {
    readonly index: number;
    readonly id: string;
    readonly status: string;
    readonly version: number;
  }[];
  readonly leftOut: readonly {
    readonly index: number;
    readonly code: string;
    readonly message: string;
    readonly currentVersion: number | null;
  }[];
  readonly job: { readonly id: string; readonly total: number; readonly status: string } | null;
}

async function write(
  input: readonly Record<string, unknown>[],
  variables: { atomic?: boolean; key?: string; job?: string } = {},
  as: Client = client,
): Promise<Written> {
  return (await as.query<{ upsertDocuments: Written }>(writeMutation, { input, ...variables })).upsertDocuments;
}

async function versions(): Promise<Record<string, number>> {
  const { rows } = await gateway.db.owner.query<{ external_id: string; version: number }>(
    'select external_id, version from documents order by 1',
  );
  return Object.fromEntries(rows.map((row) => [row.external_id, row.version]));
}

describe('a write that expects a version', () => {
  test('goes through where the document is at it, and where a new one is to be new', async () => {
    expect((await write([note(1, { ifVersion: 0 })])).documents).toMatchObject([{ status: 'CREATED', version: 1 }]);
    expect((await write([note(1, { ifVersion: 1, body: 'Changed.' })])).documents).toMatchObject([
      { status: 'UPDATED', version: 2 },
    ]);
  });

  test.each([
    ['an older version', { ifVersion: 1 }, 2],
    ['a version that is to come', { ifVersion: 3 }, 2],
    ['no document', { ifVersion: 0 }, 2],
  ])('fails where it expects %s, and nothing of it is stored', async (_, expectation, currentVersion) => {
    await write([note(1)]);
    await write([note(1, { body: 'Changed.' })]);
    expect(await write([note(2), note(1, { ...expectation, body: 'Lost.' })])).toMatchObject({
      __typename: 'VersionConflictError',
      code: 'VERSION_CONFLICT',
      index: 1,
      currentVersion,
    });
    expect(await versions()).toEqual({ n1: 2 });
  });

  test('fails where it expects a document that is not there', async () => {
    expect(await write([note(1, { ifVersion: 4 })])).toMatchObject({ code: 'VERSION_CONFLICT', currentVersion: 0 });
  });

  test('is won by one of many that expect the same', async () => {
    await write([note(1)]);
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) => write([note(1, { ifVersion: 1, body: `By writer ${i}.` })])),
    );
    expect(all.filter(({ documents }) => documents).length).toBe(1);
    expect(await versions()).toEqual({ n1: 2 });
  });

  test('creates one document where many expect none', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) => write([note(1, { ifVersion: 0, body: `By writer ${i}.` })])),
    );
    expect(all.filter(({ documents }) => documents).length).toBe(1);
    expect(await versions()).toEqual({ n1: 1 });
  });
});

describe('a write that is not atomic', () => {
  test('stores what can be stored, and says what was left out and why', async () => {
    await write([note(1), note(2)]);
    const result = await write(
      [
        note(0),
        note(1, { ifVersion: 7 }),
        note(2, { title: '' }),
        note(3),
        note(3, { body: 'Twice.' }),
        {
          ...note(4),
          externalId: null,
          id: Buffer.from('Document:01890000-0000-7000-8000-000000000001').toString('base64'),
        },
        note(5, { url: 'ftp://nowhere' }),
      ],
      { atomic: false },
    );
    expect(result.documents.map(({ index, status }) => [index, status])).toEqual([
      [0, 'CREATED'],
      [3, 'CREATED'],
    ]);
    expect(result.leftOut.map(({ index, code, currentVersion }) => [index, code, currentVersion])).toEqual([
      [1, 'VERSION_CONFLICT', 1],
      [2, 'INVALID_DOCUMENT', null],
      [4, 'INVALID_DOCUMENT', null],
      [5, 'INVALID_DOCUMENT', null],
      [6, 'INVALID_DOCUMENT', null],
    ]);
    expect(Object.keys(await versions())).toEqual(['n0', 'n1', 'n2', 'n3']);
  });

  test.each([
    ['no UUID', Buffer.from('Document:x').toString('base64')],
    ['an id of something else', Buffer.from('Tenant:alpha').toString('base64')],
    ['no global id', 'garbage'],
    ['empty', ''],
    ['the bare UUID of a document', undefined],
  ])('leaves out a document whose id is %s, and stores the others', async (_, given) => {
    await write([note(0)]);
    const { rows } = await gateway.db.owner.query<{ id: string }>('select id from documents');
    const id = given ?? rows[0]?.id;
    const documents = [note(1), { ...note(2), externalId: null, id }, note(3)];
    const result = await write(documents, { atomic: false });
    expect(result.documents.map(({ index, status }) => [index, status])).toEqual([
      [0, 'CREATED'],
      [2, 'CREATED'],
    ]);
    expect(result.leftOut).toEqual([
      expect.objectContaining({
        index: 1,
        code: 'INVALID_DOCUMENT',
        message: 'Document 1: there is no document with the id that was given.',
      }),
    ]);
    expect(await versions()).toEqual({ n0: 1, n1: 1, n3: 1 });
  });

  test('leaves out values of another type than the collection declares', async () => {
    await client.define({ name: 'notes', attributes: [{ name: 'year', type: 'NUMBER' }] });
    const result = await write([note(1, { metadata: { year: 'soon' } }), note(2, { metadata: { year: 2026 } })], {
      atomic: false,
    });
    expect([result.documents.length, result.leftOut.length]).toEqual([1, 1]);
    await gateway.db.owner.query('delete from collections');
  });

  test('is all or nothing unless told otherwise', async () => {
    expect(await write([note(0), note(2, { title: '' })])).toMatchObject({ code: 'INVALID_DOCUMENT', index: 1 });
    expect(await versions()).toEqual({});
  });
});

describe('a write under an idempotency key', () => {
  test('is done once, however often it is sent, and answered alike', async () => {
    const first = await write([note(1)], { key: 'k1' });
    await write([note(1, { body: 'Changed in between.' })]);
    const again = await write([note(1)], { key: 'k1' });
    expect(again.documents).toEqual(first.documents);
    expect(again.job?.id).toBe(first.job?.id);
    expect(await versions()).toEqual({ n1: 2 });
  });

  test('is done once where it is sent at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => write([note(1), note(2)], { key: 'k2' })));
    for (const one of all) expect(one.documents).toEqual(all[0]!.documents);
    expect(all[0]!.documents.map(({ status }) => status)).toEqual(['CREATED', 'CREATED']);
    expect(await versions()).toEqual({ n1: 1, n2: 1 });
  });

  test('is answered with what was left out, too', async () => {
    const send = () => write([note(1), note(2, { ifVersion: 5 })], { key: 'k3', atomic: false });
    const first = await send();
    expect(first.leftOut).toHaveLength(1);
    expect((await send()).leftOut).toEqual(first.leftOut);
  });

  test('is refused where another write was sent under it', async () => {
    await write([note(1)], { key: 'k4' });
    expect(await write([note(1, { body: 'Another.' })], { key: 'k4' })).toMatchObject({
      __typename: 'IdempotencyError',
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await write([note(1)], { key: 'k4', atomic: false })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(await versions()).toEqual({ n1: 1 });
  });

  test('that fails may be sent again', async () => {
    expect(await write([note(1, { ifVersion: 1 })], { key: 'k5' })).toMatchObject({ code: 'VERSION_CONFLICT' });
    await write([note(1)]);
    expect((await write([note(1, { ifVersion: 1 })], { key: 'k5' })).documents).toMatchObject([
      { status: 'UNCHANGED' },
    ]);
  });

  test("is its subject's and its tenant's own", async () => {
    await write([note(1)], { key: 'k6' });
    const beta = await openClient(gateway, 'beta');
    expect((await write([note(2)], { key: 'k6' }, beta)).documents).toMatchObject([{ status: 'CREATED' }]);
    const token = await gateway.tokenFor('alpha', undefined, { subject: 'somebody else' });
    const answer = await gateway.graphql<{ upsertDocuments: Written }>(token, writeMutation, {
      input: [note(3)],
      key: 'k6',
    });
    expect(answer.data?.upsertDocuments.documents).toMatchObject([{ status: 'CREATED' }]);
  });

  test.each(['', 'x'.repeat(256), 'a\0b'])('is refused with a key of the wrong size: %j', async (key) => {
    const answer = await gateway.graphql(client.token, writeMutation, { input: [note(1)], key });
    expect(answer.errors[0]?.extensions?.code).toBe('BAD_USER_INPUT');
  });
});

const patchMutation = `mutation($input: [PatchDocumentInput!]!) { patchDocuments(input: $input) {
  __typename
  ... on PatchDocumentsPayload { documents { index status version document { status url metadata } } }
  ... on VersionConflictError { index currentVersion }
  ... on InvalidDocumentError { index }
  ... on Error { code message }
} }`;
const patch = async (input: readonly Record<string, unknown>[]) =>
  (await client.query<{ patchDocuments: Record<string, unknown> }>(patchMutation, { input })).patchDocuments;

describe('a patch', () => {
  const stored = async (change: Record<string, unknown> = {}) => (await write([note(1, change)])).documents[0]!.id;

  test('replaces and merges metadata, sets and clears the rest, and leaves what it does not name', async () => {
    const id = await stored({ metadata: { a: 1, b: { c: 2 }, d: [1] }, url: 'https://example.com/1', status: 'draft' });
    const seen = async (change: Record<string, unknown>) => {
      const { documents } = (await patch([{ id, ...change }])) as { documents: { document: unknown }[] };
      return documents[0]!.document;
    };
    expect(await seen({ mergeMetadata: { a: null, b: 3, e: 'new' } })).toEqual({
      ...{ status: 'draft', url: 'https://example.com/1', metadata: { b: 3, d: [1], e: 'new' } },
    });
    expect(await seen({ metadata: { only: true }, status: 'published' })).toEqual({
      ...{ status: 'published', url: 'https://example.com/1', metadata: { only: true } },
    });
    expect(await seen({ url: null })).toEqual({ status: 'published', url: null, metadata: { only: true } });
    expect(await versions()).toEqual({ n1: 4 });
  });

  test('of one document is the same, and says what became of it', async () => {
    const id = await stored({ status: 'draft' });
    const patchOne = async (input: Record<string, unknown>) => {
      const mutation = `mutation($input: PatchDocumentInput!) { patchDocument(input: $input) {
        ... on UpsertedDocument { index status version document { status } }
        ... on VersionConflictError { code currentVersion }
        ... on InvalidDocumentError { code index }
      } }`;
      return (await client.query<{ patchDocument: unknown }>(mutation, { input: { id, ...input } })).patchDocument;
    };
    const changed = { index: 0, status: 'UPDATED', version: 2, document: { status: 'published' } };
    expect(await patchOne({ status: 'published', ifVersion: 1 })).toEqual(changed);
    expect(await patchOne({ status: 'draft', ifVersion: 1 })).toEqual({ code: 'VERSION_CONFLICT', currentVersion: 2 });
    expect(await patchOne({ status: '' })).toEqual({ code: 'INVALID_DOCUMENT', index: 0 });
    expect(await patchOne({ status: 'published' })).toEqual({ ...changed, status: 'UNCHANGED' });
  });

  test('embeds nothing anew, and costs no version where nothing changes', async () => {
    const id = await stored({ metadata: { a: 1 } });
    await gateway.embedAll();
    const chunks =
      'select xmin::text, id from chunks union all select xmin::text, chunk_id from embeddings order by 2, 1';
    const before = (await gateway.db.owner.query(chunks)).rows;
    expect(await patch([{ id, mergeMetadata: { a: 1 } }])).toMatchObject({
      documents: [{ status: 'UNCHANGED', version: 1 }],
    });
    expect(await patch([{ id, status: 'draft' }])).toMatchObject({ documents: [{ status: 'UPDATED', version: 2 }] });
    expect((await gateway.db.owner.query(chunks)).rows).toEqual(before);
    expect((await gateway.db.owner.query('select 1 from embedding_jobs')).rows).toEqual([]);
  });

  test('is what filters go by at once, declared attributes included', async () => {
    await client.define({ name: 'notes', attributes: [{ name: 'year', type: 'NUMBER' }] });
    const id = await stored({ metadata: { year: 2025 } });
    await patch([{ id, mergeMetadata: { year: 2026 } }]);
    const byYear = (year: number) =>
      client.documents({ attributes: [{ name: 'year', number: { eq: year } }] }).then(({ edges }) => edges.length);
    expect([await byYear(2025), await byYear(2026)]).toEqual([0, 1]);
    expect(await patch([{ id, mergeMetadata: { year: 'soon' } }])).toMatchObject({
      code: 'INVALID_DOCUMENT',
      index: 0,
    });
    await gateway.db.owner.query('delete from collections');
  });

  test.each([
    [
      'a document that is not there',
      { id: Buffer.from('Document:01890000-0000-7000-8000-000000000001').toString('base64') },
    ],
    ['a url that is none', { url: 'javascript:alert(1)' }],
    ['an empty status', { status: ' ' }],
    ['metadata that are too large', { metadata: { text: 'x'.repeat(17_000) } }],
    ['metadata that are too large together', { mergeMetadata: { more: 'x'.repeat(10_000) } }],
  ])('is refused whole for %s', async (_, change) => {
    const [id, other] = [
      await stored({ metadata: { text: 'x'.repeat(10_000) } }),
      (await write([note(2)])).documents[0]!.id,
    ];
    const result = await patch([
      { id: other, status: 'archived' },
      { id, ...change },
    ]);
    expect(result).toMatchObject({ __typename: 'InvalidDocumentError', index: 1 });
    expect(await versions()).toEqual({ n1: 1, n2: 1 });
  });

  test('of a tenant that has written nothing yet finds no document, with an access list or without', async () => {
    const fresh = await openClient(gateway, 'fresh');
    const id = Buffer.from('Document:01890000-0000-7000-8000-000000000001').toString('base64');
    for (const acl of [undefined, { users: ['ann'], groups: [] }]) {
      const { patchDocuments } = await fresh.query<{ patchDocuments: object }>(patchMutation, { input: [{ id, acl }] });
      expect(patchDocuments).toMatchObject({ __typename: 'InvalidDocumentError', index: 0, code: 'INVALID_DOCUMENT' });
    }
  });

  test('is refused for another version than the expected one, and for a document that comes twice', async () => {
    const id = await stored();
    expect(await patch([{ id, status: 'draft', ifVersion: 2 }])).toMatchObject({
      code: 'VERSION_CONFLICT',
      currentVersion: 1,
    });
    expect(
      await patch([
        { id, status: 'draft' },
        { id, status: 'other' },
      ]),
    ).toMatchObject({ code: 'INVALID_DOCUMENT', index: 1 });
    expect(await patch([{ id, status: 'draft', ifVersion: 1 }])).toMatchObject({ documents: [{ version: 2 }] });
  });
});
