import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findDrift } from '../../src/drift/find-drift.ts';
import { reconcile } from '../../src/drift/reconcile.ts';
import { parseTenantId } from '../../src/ids.ts';
import { driftDeps } from '../support/drift-deps.ts';
import { harmPastPolicies } from '../support/drift-faults.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const tenant = parseTenantId('alpha');

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, tenant);
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents; delete from chunks; delete from collections'));

const harm = (statement: string) => harmPastPolicies(gateway.db.owner, statement);

/** What is out of step, by kind. */
async function look(mend = false): Promise<Record<string, number>> {
  const counts = await reconcile(driftDeps(gateway), tenant, { mend });
  return Object.fromEntries(counts.map(({ kind, count }) => [kind, count]));
}

/** Paragraphs each long enough to be a chunk by itself. */
const paragraph = (subject: string) =>
  `## ${subject}\n\n${`The ${subject} is described in this part of the manual and in no other. `.repeat(12)}`;
const subjects = ['sauna', 'garden', 'library', 'chapel', 'kitchen'];
const bodyOf = (names: readonly string[]) => names.map(paragraph).join('\n\n');
const manual = (externalId = 'manual') => ({
  externalId,
  collection: 'house',
  title: 'Manual',
  body: bodyOf(subjects),
});

interface StoredChunk {
  readonly id: string;
  readonly text: string;
  readonly place: readonly [start: number, end: number];
  readonly language: string;
  readonly context: string;
  readonly vectors: number;
  readonly standIns: number;
}

async function readChunks(externalId = 'manual'): Promise<StoredChunk[]> {
  const { rows } = await gateway.db.owner.query<StoredChunk>(
    `select c.id, c.text, json_build_array(c.start_offset, c.end_offset) as place, c.language, c.context,
       (select count(*)::int from embeddings e where e.chunk_id = c.id and e.stand_in = 0) as vectors,
       (select count(*)::int from embeddings e where e.chunk_id = c.id and e.stand_in > 0) as "standIns"
     from chunks c join documents d on d.id = c.document_id where d.external_id = $1 order by c.ordinal`,
    [externalId],
  );
  return rows;
}

/** Whether a document is found by its meaning. */
async function isFound(externalId = 'manual'): Promise<boolean> {
  const { edges } = await client.search({ text: 'sauna and garden', mode: 'SEMANTIC' }, { first: 50 });
  return edges.some(({ node }) => node.externalId === externalId);
}

const ofManual = `tenant_id = '${tenant}' and document_id = (select id from tessera.documents where external_id = 'manual')`;

describe('a document and its chunks', () => {
  test.each([
    [
      'its text was changed',
      `update tessera.documents set body = replace(body, 'library', 'stable') where external_id = 'manual'`,
    ],
    [
      'its text has grown',
      `update tessera.documents set body = body || ' And there is a lift.' where external_id = 'manual'`,
    ],
    ['its text was cut', `update tessera.documents set body = left(body, 1000) where external_id = 'manual'`],
    ['it has another title', `update tessera.documents set title = 'Guide' where external_id = 'manual'`],
    ['it is in another language', `update tessera.documents set language = 'german' where external_id = 'manual'`],
    [
      'a chunk and its hash were changed',
      `update tessera.chunks set text = 'A kettle.', content_hash = sha256(convert_to(
         length(context) || ':' || context || '9:A kettle.', 'UTF8')) where ${ofManual} and ordinal = 2`,
    ],
    [
      'a chunk names another place',
      `update tessera.chunks set start_offset = start_offset + 1 where ${ofManual} and ordinal = 3`,
    ],
    ['a chunk is gone', `delete from tessera.chunks where ${ofManual} and ordinal = 1`],
    ['the last chunk is gone', `delete from tessera.chunks where ${ofManual} and ordinal = 4`],
    ['a chunk has another number', `update tessera.chunks set ordinal = 9 where ${ofManual} and ordinal = 4`],
    [
      'a chunk is of another title',
      `update tessera.chunks set context = 'Guide', content_hash = sha256(convert_to(
         '5:Guide' || length(text) || ':' || text, 'UTF8')) where ${ofManual} and ordinal = 0`,
    ],
    [
      'a chunk is in another language',
      `update tessera.chunks set language = 'german' where ${ofManual} and ordinal = 0`,
    ],
  ])('are out of step where %s: it is found, mended, and searchable all the time', async (_, statement) => {
    await client.upsert([manual('other'), manual()]);
    await gateway.embedAll();
    expect(await look()).toEqual({});
    await harm(statement);
    // Its vector is not mended for the chunk's sake: that is another kind.
    await harm(
      `delete from tessera.embeddings e where not exists (select from tessera.chunks c where c.id = e.chunk_id)`,
    );
    expect(await look()).toEqual({ outdated: 1 });
    expect(await look(true)).toEqual({ outdated: 1 });
    expect(await look()).toEqual({});
    expect(await isFound()).toBe(true);
    const { rows } = await gateway.db.owner.query<{ title: string; body: string; language: string }>(
      `select title, body, language from documents where external_id = 'manual'`,
    );
    const stored = rows[0]!;
    const waiting = await readChunks();
    for (const { text, place, language, context } of waiting) {
      expect(text).toBe(stored.body.slice(...place));
      expect([language, context.startsWith(stored.title)]).toEqual([stored.language, true]);
    }
    await gateway.embedAll();
    expect((await readChunks()).map(({ vectors, standIns }) => [vectors, standIns])).toEqual(waiting.map(() => [1, 0]));
    // It is what a write of the same text would have made of it.
    expect(
      await client.upsert([{ ...manual(), ...stored, language: stored.language.toUpperCase() } as never]),
    ).toMatchObject([{ status: 'UNCHANGED' }]);
    expect((await readChunks('other')).every(({ vectors }) => vectors === 1)).toBe(true);
  });

  test('keep what did not change: one paragraph of five is embedded anew, and answers by its old vector until then', async () => {
    await client.upsert([manual()]);
    await gateway.embedAll();
    const before = await readChunks();
    await harm(`update tessera.documents set body = replace(body, 'library', 'stable') where external_id = 'manual'`);
    await look(true);
    const mended = await readChunks();
    expect(mended.map(({ id }, i) => id === before[i]?.id)).toEqual([true, true, false, true, true]);
    expect(mended[2]).toMatchObject({ vectors: 0, standIns: 1 });
    expect(await gateway.embedAll()).toBe(1);
    expect((await readChunks())[2]).toMatchObject({ vectors: 1, standIns: 0 });
  });

  test('have the text that was there written again as a change, where another was put in its place', async () => {
    await client.upsert([manual()]);
    await harm(`update tessera.documents set body = 'Something else.' where external_id = 'manual'`);
    await look(true);
    expect(await client.upsert([manual()])).toMatchObject([{ status: 'UPDATED' }]);
    expect(await look()).toEqual({});
  });

  test('a document that lost every chunk is divided again, and one without text has none', async () => {
    await client.upsert([manual(), { ...manual('empty'), body: '.' }]);
    await harm(`update tessera.documents set body = E' \\n\\t\\u00a0', content_hash = sha256(convert_to('6:Manual4: ' || E'\\n\\t\\u00a0' || '7:english', 'UTF8'))
      where external_id = 'empty'; delete from tessera.chunks where text = '.'; delete from tessera.embedding_jobs where chunk_id not in (select id from tessera.chunks)`);
    await gateway.embedAll();
    expect(await look()).toEqual({});
    await harm(`delete from tessera.chunks where ${ofManual}; delete from tessera.embeddings where ${ofManual}`);
    expect(await isFound()).toBe(false);
    expect(await look(true)).toEqual({ undivided: 1 });
    expect(await readChunks()).toHaveLength(5);
    await gateway.embedAll();
    expect(await isFound()).toBe(true);
    expect(await look()).toEqual({});
  });

  test('chunks whose document is deleted or gone are taken away with their vectors', async () => {
    const [kept, deleted, gone] = await client.upsert([manual('kept'), manual('deleted'), manual('gone')]);
    await gateway.embedAll();
    expect([kept, deleted, gone].map((one) => one?.status)).toEqual(['CREATED', 'CREATED', 'CREATED']);
    await harm(`update tessera.documents set deleted_at = now() where external_id = 'deleted';
      delete from tessera.documents where external_id = 'gone'`);
    expect(await look(true)).toEqual({ leftover: 10 });
    const { rows } = await gateway.db.owner.query(
      'select (select count(*)::int from chunks) as chunks, (select count(*)::int from embeddings) as vectors',
    );
    expect(rows).toEqual([{ chunks: 5, vectors: 5 }]);
    expect(await look()).toEqual({});
  });

  test('a document that has another text’s hash gets its own, and nothing is embedded', async () => {
    await client.upsert([manual()]);
    await gateway.embedAll();
    await harm(`update tessera.documents set content_hash = sha256('another')`);
    expect(await look(true)).toEqual({ mishashed: 1 });
    expect(await gateway.embedAll()).toBe(0);
    expect(await look()).toEqual({});
    expect(await client.upsert([manual()])).toMatchObject([{ status: 'UNCHANGED' }]);
  });

  test('so does one of a collection that was defined before it, and what was divided otherwise may have any', async () => {
    const chunking = { kind: 'SENTENCE', maxTokens: 64 };
    await client.define({ name: 'house', chunking });
    await client.upsert([manual()]);
    const spoil = () => harm(`update tessera.documents set content_hash = sha256('another')`);
    await harm(`update tessera.collections set updated_at = now() - interval '2 hours'`);
    expect(await look()).toEqual({});
    await spoil();
    expect(await look(true)).toEqual({ mishashed: 1 });
    expect(await look()).toEqual({});
    await client.define({ name: 'house', chunking: { kind: 'CODE' } });
    await spoil();
    expect(await look()).toEqual({});
  });
});

describe('a document that nobody touched is in step', () => {
  test('where its collection has it divided in any way, and where it says another than when it was divided', async () => {
    const ways = [
      { kind: 'AUTO' },
      { kind: 'MARKDOWN', context: 'TITLE' },
      { kind: 'RECURSIVE', maxTokens: 40, overlapTokens: 19 },
      { kind: 'CODE', context: 'NONE' },
      { kind: 'SENTENCE', maxTokens: 50 },
    ];
    for (const [i, chunking] of ways.entries()) {
      await client.define({ name: 'house', language: 'GERMAN', chunking });
      await client.upsert([
        manual(`${i}`),
        { ...manual(`${i}.ts`), body: `${bodyOf(['Straße 漢字。 👩‍👩‍👧'])}\n\nend` },
      ]);
      expect(await look(), chunking.kind).toEqual({});
    }
    await harm(`update tessera.collections set updated_at = now() - interval '2 hours'`);
    await client.upsert([manual('late')]);
    await client.define({ name: 'house', language: 'GERMAN', attributes: [] });
    expect(await look()).toEqual({});
  });

  test('where its address was patched to that of source code', async () => {
    const [one] = await client.upsert([manual()]);
    await client.query('mutation($input: PatchDocumentInput!) { patchDocument(input: $input) { __typename } }', {
      input: { id: one?.id, url: 'https://a.example/manual.ts', status: 'draft' },
    });
    expect(await look()).toEqual({});
  });

  test('where it is deleted, restored, expired, or marked for a deletion that is not through', async () => {
    const [deleted, restored] = await client.upsert(['deleted', 'restored', 'expired', 'marked'].map(manual));
    await client.delete([deleted!.id, restored!.id]);
    expect(await look()).toEqual({});
    await client.query('mutation($ids: [ID!]!) { restoreDocuments(ids: $ids) { __typename } }', {
      ids: [restored!.id],
    });
    expect(await look()).toEqual({});
    await gateway.db.owner.query(`update documents set expires_at = now() where external_id = 'expired';
      update documents set deleted_at = now(), deletion = gen_random_uuid() where external_id = 'marked'`);
    expect(await look()).toEqual({});
    expect((await readChunks('marked')).length).toBe(5);
  });

  test('while it is written again and again', async () => {
    await client.upsert([manual()]);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; i < 15; i++) await client.upsert([{ ...manual(), body: bodyOf(subjects.slice(i % 4)) }]);
      writing = false;
    })();
    let looks = 0;
    for (; writing; looks++) expect(await look()).toEqual({});
    await writes;
    expect(looks).toBeGreaterThan(1);
  });
});

describe('a look at documents', () => {
  test('reads as many in a statement as their length allows, and all of them', async () => {
    const most = 1_000_000;
    await client.upsert([manual()]);
    await harm(`insert into tessera.documents (tenant_id, id, collection, title, body, content_hash)
      select '${tenant}', gen_random_uuid(), 'house', '', repeat('x ', ${most / 2}), sha256('x') from generate_series(1, 20)`);
    let statements = 0;
    const kinds: string[] = [];
    const afterPage = async () => {
      statements++;
    };
    for await (const { kind } of findDrift({ ...driftDeps(gateway), afterPage }, tenant)) kinds.push(kind);
    expect(kinds).toEqual(Array.from({ length: 20 }, () => 'undivided'));
    // One of chunks, one of vectors, and three of documents: eight, eight and the rest.
    expect(statements).toBe(5);
  });
});
