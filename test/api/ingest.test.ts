import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient, type UpsertInput } from '../support/operations.ts';
import { countRows } from '../support/stored-rows.ts';

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());

const note = (change: Partial<UpsertInput> = {}): UpsertInput => ({
  externalId: 'note',
  collection: 'notes',
  title: 'A note',
  body: 'The first version of the note.',
  url: 'https://example.org/note',
  metadata: { year: 2026, tags: ['a', 'b'], nested: { yes: true } },
  ...change,
});

/** Rows of a document as they are stored, with the transactions that wrote them. */
async function storedRows(externalId: string) {
  const { rows: documents } = await gateway.db.owner.query<{ id: string } & Record<string, unknown>>(
    'select xmin::text, * from documents where external_id = $1 order by id',
    [externalId],
  );
  const ids = documents.map(({ id }) => id);
  const ofChunks = async (table: string) => {
    const { rows } = await gateway.db.owner.query<Record<string, unknown>>(
      `select t.xmin::text, t.* from ${table} t where chunk_id in (select id from chunks where document_id = any($1)) order by chunk_id`,
      [ids],
    );
    return rows;
  };
  const { rows: chunks } = await gateway.db.owner.query<Record<string, unknown>>(
    'select xmin::text, * from chunks where document_id = any($1) order by document_id, ordinal',
    [ids],
  );
  return { documents, chunks, embeddings: await ofChunks('embeddings'), jobs: await ofChunks('embedding_jobs') };
}

describe('a document', () => {
  test('is created with version 1, and has its chunks and jobs in the same commit', async () => {
    const [created] = await client.upsert([note({ externalId: 'new' })]);
    expect(created).toMatchObject({
      status: 'CREATED',
      version: 1,
      document: { id: created?.id, externalId: 'new', version: 1, pendingChunks: 1, metadata: note().metadata },
    });
    const stored = await storedRows('new');
    expect([stored.documents.length, stored.chunks.length, stored.jobs.length, stored.embeddings.length]).toEqual([
      1, 1, 1, 0,
    ]);
    expect(new Set([...stored.documents, ...stored.chunks, ...stored.jobs].map(({ xmin }) => xmin)).size).toBe(1);
  });

  test.each([
    ['by external id', () => note({ externalId: 'same' })],
    ['by id', (id: string) => ({ ...note({ externalId: 'same' }), id })],
    [
      'by id alone',
      (id: string) => {
        const { externalId: _, ...rest } = note();
        return { ...rest, id };
      },
    ],
    [
      'with its metadata in another order',
      () => note({ externalId: 'same', metadata: { nested: { yes: true }, tags: ['a', 'b'], year: 2026 } }),
    ],
  ])('that is what it was costs a read: %s', async (_, again) => {
    const [first] = await client.upsert([note({ externalId: 'same' })]);
    await gateway.embedAll();
    const before = await storedRows('same');
    const [second] = await client.upsert([again(first!.id)]);
    expect(second).toMatchObject({ id: first!.id, status: 'UNCHANGED', version: 1, document: { pendingChunks: 0 } });
    expect(await storedRows('same')).toEqual(before);
  });

  test('that changes has a new version, new chunks, and no vector of the old ones any more', async () => {
    const [first] = await client.upsert([note({ externalId: 'changing', body: 'It speaks of zebras.' })]);
    await gateway.embedAll();
    const before = await storedRows('changing');
    const [second] = await client.upsert([note({ externalId: 'changing', body: 'It speaks of giraffes.' })]);
    expect(second).toMatchObject({ id: first!.id, status: 'UPDATED', version: 2, document: { pendingChunks: 1 } });
    const between = await storedRows('changing');
    expect([between.chunks.length, between.jobs.length, between.embeddings.length]).toEqual([1, 1, 0]);
    expect(between.chunks[0]?.id).not.toBe(before.chunks[0]?.id);
    expect(between.documents[0]?.created_at).toEqual(before.documents[0]?.created_at);
    expect(between.documents[0]?.updated_at).not.toEqual(before.documents[0]?.updated_at);
    await gateway.embedAll();
    const after = await storedRows('changing');
    expect([after.chunks.length, after.jobs.length, after.embeddings.length]).toEqual([1, 0, 1]);
    expect(after.embeddings[0]?.full_vector).not.toEqual(before.embeddings[0]?.full_vector);
    const find = async (text: string) => externalIds(await client.search({ text, mode: 'KEYWORD' }));
    expect([await find('zebras'), await find('giraffes')]).toEqual([[], ['changing']]);
  });

  test.each([
    ['metadata', { metadata: { year: 2027 } }],
    ['url', { url: 'https://example.org/other' }],
    ['status', { status: 'draft' }],
    ['collection, by its id', { collection: 'archive' }],
  ] as const)('that changes in nothing but its %s is not embedded again', async (what, change) => {
    const externalId = `only ${what}`;
    const [first] = await client.upsert([note({ externalId })]);
    await gateway.embedAll();
    const before = await storedRows(externalId);
    const [second] = await client.upsert([{ ...note({ externalId, ...change }), id: first!.id }]);
    expect(second).toMatchObject({
      id: first!.id,
      status: 'UPDATED',
      version: 2,
      document: { pendingChunks: 0 },
    });
    const { documents, ...rest } = await storedRows(externalId);
    expect({ documents: documents.length, ...rest }).toEqual({ ...before, documents: 1 });
  });

  test('whose title changes is embedded again: the title is part of every passage', async () => {
    await client.upsert([note({ externalId: 'titled' })]);
    await gateway.embedAll();
    await client.upsert([note({ externalId: 'titled', title: 'Okapi' })]);
    expect((await storedRows('titled')).jobs).toHaveLength(1);
    expect(externalIds(await client.search({ text: 'okapi', mode: 'KEYWORD' }))).toEqual(['titled']);
  });

  test('loses what its new version does not have', async () => {
    const [first] = await client.upsert([note({ externalId: 'bare' })]);
    await client.upsert([
      { externalId: 'bare', collection: 'notes', title: 'A note', body: 'The first version of the note.' },
    ]);
    const query = 'query($id: ID!) { document(id: $id) { url metadata externalId version } }';
    expect(await client.query(query, { id: first!.id })).toEqual({
      document: { url: null, metadata: {}, externalId: 'bare', version: 2 },
    });
  });

  test('without any id is new each time', async () => {
    const { externalId: _, ...anonymous } = note();
    const stored = await client.upsert([anonymous, anonymous]);
    expect(stored.map(({ status }) => status)).toEqual(['CREATED', 'CREATED']);
    expect(stored[0]!.id).not.toBe(stored[1]!.id);
  });

  test('without any id is new also beside one that is named by its id and has no external id', async () => {
    const { externalId: _, ...keyless } = note();
    const [known] = await client.upsert([{ ...keyless, title: 'Known' }]);
    const written = await client.upsert([
      { ...keyless, id: known?.id as string, title: 'Known better' },
      { ...keyless, title: 'Unheard of' },
    ]);
    expect(written.map(({ status }) => status)).toEqual(['UPDATED', 'CREATED']);
    expect(written[1]?.id).not.toBe(known?.id);
  });

  test('of the same external id in another collection is another document', async () => {
    const stored = await client.upsert([
      note({ externalId: 'twin' }),
      note({ externalId: 'twin', collection: 'others' }),
    ]);
    expect(stored.map(({ status }) => status)).toEqual(['CREATED', 'CREATED']);
    expect((await storedRows('twin')).documents).toHaveLength(2);
  });

  test('named by its id may take another external id, and keeps it where none is given', async () => {
    const [first] = await client.upsert([note({ externalId: 'old-name' })]);
    const [renamed] = await client.upsert([{ ...note({ externalId: 'new-name' }), id: first!.id }]);
    expect(renamed).toMatchObject({ status: 'UPDATED', document: { externalId: 'new-name' } });
    const { externalId: _, ...rest } = note({ title: 'Changed' });
    const [kept] = await client.upsert([{ ...rest, id: first!.id }]);
    expect(kept).toMatchObject({
      status: 'UPDATED',
      version: 3,
      document: { externalId: 'new-name', title: 'Changed' },
    });
  });
});

describe('a write', () => {
  test('gives its outcomes in the order of the input', async () => {
    await client.upsert([note({ externalId: 'order-2' }), note({ externalId: 'order-3' })]);
    const stored = await client.upsert([
      note({ externalId: 'order-1' }),
      note({ externalId: 'order-2' }),
      note({ externalId: 'order-3', body: 'Changed.' }),
      note({ externalId: 'order-0' }),
    ]);
    expect(stored.map(({ status, document }) => [document?.externalId, status])).toEqual([
      ['order-1', 'CREATED'],
      ['order-2', 'UNCHANGED'],
      ['order-3', 'UPDATED'],
      ['order-0', 'CREATED'],
    ]);
  });

  test('of 200 documents is one transaction', async () => {
    const input = Array.from({ length: 200 }, (_, i) => note({ externalId: `many-${i}`, collection: 'many' }));
    expect(new Set((await client.upsert(input)).map(({ status }) => status))).toEqual(new Set(['CREATED']));
    const { rows } = await gateway.db.owner.query(
      `select count(distinct xmin::text)::int as n from documents where collection = 'many'`,
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('of nothing is nothing', async () => {
    expect(await client.upsert([])).toEqual([]);
  });

  test('with a document that cannot be stored stores none, not even the tenant', async () => {
    const stranger = await openClient(gateway, 'stranger');
    const before = await countRows(gateway.db.owner);
    const good = note({ externalId: 'fine' });
    for (const bad of [note({ body: ' ' }), note({ url: 'ftp://example.org' }), { ...note(), id: unknownId }]) {
      expect(await stranger.tryUpsert([good, bad, note({ externalId: 'fine too' })])).toMatchObject({
        __typename: 'InvalidDocumentError',
        code: 'INVALID_DOCUMENT',
        index: 1,
        message: expect.stringMatching(/^Document 1: .*\.$/),
      });
      expect(await countRows(gateway.db.owner)).toEqual(before);
    }
    expect(await stranger.upsert([good])).toMatchObject([{ status: 'CREATED' }]);
  });

  const unknownId = Buffer.from('Document:00000000-0000-7000-8000-000000000000').toString('base64');

  test('that names one document twice is refused, however it names it', async () => {
    const [stored] = await client.upsert([note({ externalId: 'named' })]);
    const byKey = note({ externalId: 'named', body: 'By key.' });
    const byId = { ...note({ externalId: 'named', body: 'By id.' }), id: stored!.id };
    for (const input of [
      [byKey, byKey],
      [byId, byId],
      [byId, byKey],
      [byKey, byId],
    ]) {
      expect(await client.tryUpsert(input)).toMatchObject({
        code: 'INVALID_DOCUMENT',
        index: 1,
        message: 'Document 1: it names the same document as document 0; each may come once in a write.',
      });
    }
    expect((await storedRows('named')).documents).toMatchObject([{ version: 1 }]);
  });

  test('that would give a document the external id of another is refused', async () => {
    const [one] = await client.upsert([note({ externalId: 'taken' }), note({ externalId: 'free' })]);
    const moved = { ...note({ externalId: 'free' }), id: one!.id };
    const fresh = note({ externalId: 'brand-new' });
    expect(await client.tryUpsert([moved])).toMatchObject({
      code: 'INVALID_DOCUMENT',
      index: 0,
      message: expect.stringContaining('"free"'),
    });
    expect(await client.tryUpsert([fresh, { ...moved, externalId: 'brand-new' }])).toMatchObject({
      code: 'INVALID_DOCUMENT',
      index: 1,
    });
    expect((await storedRows('taken')).documents).toMatchObject([{ version: 1 }]);
    expect((await storedRows('brand-new')).documents).toEqual([]);
  });
});

describe('writes at the same time', () => {
  /** The chunks of a document, put together, are the body of the last version. */
  async function expectWhole(externalId: string): Promise<void> {
    const { documents, chunks } = await storedRows(externalId);
    expect(documents).toHaveLength(1);
    expect(chunks.map(({ text }) => text).join('\n\n')).toBe(documents[0]?.body);
  }

  test('of one external id make one document, with the chunks of one version', async () => {
    const bodies = Array.from({ length: 12 }, (_, i) =>
      [`Version ${i}.`, `It is about ${i}. `.repeat(60).trim()].join('\n\n'),
    );
    const stored = await Promise.all(bodies.map((body) => client.upsert([note({ externalId: 'contested', body })])));
    const outcomes = stored.map(([outcome]) => outcome!);
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1);
    expect(outcomes.map(({ version }) => version).sort((a, b) => a - b)).toEqual(bodies.map((_, i) => i + 1));
    expect(outcomes.filter(({ status }) => status === 'CREATED')).toHaveLength(1);
    const { documents, chunks } = await storedRows('contested');
    expect(documents).toHaveLength(1);
    for (const { text } of chunks) expect(documents[0]?.body).toContain(text);
    expect(chunks.length).toBeGreaterThan(1);
  });

  test('of the same documents in different orders all succeed', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `crossing-${i}`);
    const write = (round: number) => {
      const order = round % 2 ? names : names.toReversed();
      return client.upsert(order.map((externalId) => note({ externalId, body: `Round ${round}.` })));
    };
    for (let i = 0; i < 3; i++) await Promise.all(Array.from({ length: 8 }, (_, round) => write(8 * i + round)));
    for (const name of names) await expectWhole(name);
  });

  test('and deletions and the worker leave nothing half-done', async () => {
    const names = Array.from({ length: 5 }, (_, i) => `churned-${i}`);
    const body = (round: number) => `Churn ${round}. `.repeat(20).trim();
    const rounds = Array.from({ length: 24 }, (_, round) => async () => {
      const stored = await client.upsert(
        names.map((externalId) => note({ externalId, collection: 'churn', body: body(round) })),
      );
      if (round % 5 === 0) await client.delete([stored[round % names.length]!.id]);
      await gateway.embedAll();
    });
    await Promise.all(rounds.map((round) => round()));
    await client.upsert(names.map((externalId) => note({ externalId, collection: 'churn', body: body(99) })));
    await gateway.embedAll();
    for (const name of names) {
      await expectWhole(name);
      const { chunks, embeddings, jobs } = await storedRows(name);
      expect([embeddings.length, jobs.length]).toEqual([chunks.length, 0]);
    }
  });
});

describe('a deletion', () => {
  test('takes chunks, vectors, jobs and marks along, and nothing else', async () => {
    await client.upsert([note({ externalId: 'stays', collection: 'kept' })]);
    await gateway.embedAll();
    const before = await countRows(gateway.db.owner);
    const stored = await client.upsert([
      note({ externalId: 'embedded', collection: 'gone', body: 'Embedded.' }),
      note({ externalId: 'unknown', collection: 'gone', title: 'ಕನ್ನಡ', body: 'ಕನ್ನಡ' }),
    ]);
    await gateway.embedAll();
    const waiting = await client.upsert([note({ externalId: 'waiting', collection: 'gone' })]);
    const ids = [...stored, ...waiting].map(({ id }) => id);
    const [embedded, ...rest] = ids;
    expect(await client.delete([embedded!])).toEqual([embedded]);
    expect((await client.delete(ids)).sort()).toEqual(rest.sort());
    expect(await client.delete(ids)).toEqual([]);
    expect(await countRows(gateway.db.owner)).toEqual(before);
  });

  test('of nothing is nothing', async () => {
    expect(await client.delete([])).toEqual([]);
  });

  test('makes room: the same external id is then a new document', async () => {
    const [first] = await client.upsert([note({ externalId: 'again' })]);
    await client.delete([first!.id]);
    const [second] = await client.upsert([note({ externalId: 'again' })]);
    expect(second).toMatchObject({ status: 'CREATED', version: 1 });
    expect(second!.id).not.toBe(first!.id);
  });
});
