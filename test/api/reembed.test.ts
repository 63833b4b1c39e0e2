import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { divideAnew } from '../../src/ingest/divide-anew.ts';
import { createStorageCheck } from '../../src/quotas/check-write.ts';
import type { WorkerDeps } from '../../src/worker/embed-batch.ts';
import { drain } from '../../src/worker/worker.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const embedder = loadStaticEmbedder();
const checkStored = createStorageCheck({});
let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());
afterEach(() =>
  gateway.db.owner.query('delete from documents; delete from jobs; delete from collections; delete from quota_limits'),
);

const section = (n: number, part: number) =>
  `${`Part ${part} of manual ${n} is about the boiler, its valve and its pump. `.repeat(6)}`.trim();
/** One that is a chunk of its own whatever the settings, and some that are several with small chunks. */
const short = { externalId: 'short', collection: 'manuals', title: 'Short', body: 'Only a sentence.' };
const long = (n: number) => ({
  ...{ externalId: `long${n}`, collection: 'manuals', title: `Manual ${n}` },
  body: [1, 2, 3, 4].map((part) => section(n, part)).join('\n\n'),
});

interface Chunk {
  readonly id: string;
  readonly key: string;
  readonly text: string;
  readonly start: number;
  readonly vectors: number;
  readonly standIns: number;
  readonly waits: boolean;
}

async function readChunks(): Promise<Chunk[]> {
  const { rows } = await gateway.db.owner.query<Chunk>(
    `select c.id, d.external_id as key, c.text, c.start_offset as start,
       (select count(*)::int from embeddings e where e.chunk_id = c.id and e.stand_in = 0) as vectors,
       (select count(*)::int from embeddings e where e.chunk_id = c.id and e.stand_in > 0) as "standIns",
       exists (select from embedding_jobs j where j.chunk_id = c.id) as waits
     from chunks c join documents d on d.id = c.document_id order by d.external_id, c.ordinal`,
  );
  return rows;
}
const divisions = (chunks: readonly Chunk[]) => chunks.map(({ key, start, text }) => ({ key, start, text }));

interface Job {
  readonly id: string;
  readonly status: string;
  readonly total: number;
  readonly done: number;
}
const jobFields = 'id status total done';
const reembed = async () =>
  (
    await client.query<{ reembed: { job: Job } }>(
      `mutation { reembed(collection: "manuals") { ... on ReembedPayload { job { ${jobFields} } } } }`,
    )
  ).reembed.job;
const readJob = async (id: string) =>
  (await client.query<{ job: Job }>(`query($id: ID!) { job(id: $id) { ${jobFields} } }`, { id })).job;
const define = (chunking: string) =>
  client.query(`mutation { defineCollection(input: { name: "manuals", chunking: ${chunking} }) { __typename } }`);

/** A worker that was started with other settings than the documents were written with. */
const workerWith = (maxTokens: number, changed: Partial<Embedder> = {}): WorkerDeps => {
  const chunking = { ...gateway.deps.chunking, maxTokens, overlapTokens: 0 };
  return {
    ...gateway.workerDeps,
    embedder: { ...embedder, ...changed },
    divideAnew: (tenantId, jobId, ids) =>
      divideAnew({ database: gateway.db.worker, chunking, checkStored }, tenantId, jobId, ids),
  };
};

/** What the documents would be, were they written now. */
async function writtenAfresh(write: () => Promise<unknown>): Promise<ReturnType<typeof divisions>> {
  await gateway.db.owner.query('delete from documents');
  await write();
  return divisions(await readChunks());
}

test('divides anew what the definition of a collection divides otherwise now, and leaves the rest as it is', async () => {
  const documents = [short, ...[1, 2, 3].map(long)];
  await client.upsert(documents);
  await gateway.embedAll();
  const before = await readChunks();
  await define('{ kind: SENTENCE, maxTokens: 40, overlapTokens: 0, context: TITLE }');
  const job = await reembed();
  expect(job).toMatchObject({ status: 'RUNNING', total: before.length });
  await gateway.embedAll();
  const after = await readChunks();
  expect(after.length).toBeGreaterThan(before.length * 2);
  for (const chunk of after) expect(chunk).toMatchObject({ vectors: 1, standIns: 0, waits: false });
  const idOf = (chunks: readonly Chunk[]) => chunks.find(({ key }) => key === 'short')?.id;
  expect(idOf(after)).toBe(idOf(before));
  const { total, ...ended } = await readJob(job.id);
  expect(ended).toMatchObject({ status: 'FINISHED', done: total });
  expect(total).toBe(before.length + after.length - 1);
  expect(divisions(after)).toEqual(await writtenAfresh(() => client.upsert(documents)));
});

test('knows documents afterwards that come again as they are', async () => {
  const documents = [short, long(1)];
  await client.upsert(documents);
  await gateway.embedAll();
  await define('{ kind: SENTENCE, maxTokens: 40, overlapTokens: 0, context: TITLE }');
  await reembed();
  await gateway.embedAll();
  const again = await client.upsert(documents);
  expect(again.map(({ status, version }) => ({ status, version }))).toEqual(
    documents.map(() => ({ status: 'UNCHANGED', version: 1 })),
  );
});

test('changes no chunk where nothing would be divided otherwise', async () => {
  await client.upsert([short, long(1)]);
  await gateway.embedAll();
  const before = await readChunks();
  const job = await reembed();
  await gateway.embedAll();
  expect(await readChunks()).toEqual(before);
  expect(await readJob(job.id)).toMatchObject({ status: 'FINISHED', total: before.length });
});

test('finds every document by meaning all the while, also where the worker dies in between', async () => {
  const documents = Array.from({ length: 6 }, (_, n) => long(n));
  await client.upsert(documents);
  await gateway.embedAll();
  const before = await readChunks();
  const job = await reembed();
  let calls = 0;
  const found = async () => {
    const { edges } = await client.search({ text: 'the valve and the pump of a boiler', mode: 'SEMANTIC' });
    return edges.length;
  };
  const dying = workerWith(40, {
    maxBatch: 4,
    embed: async (texts, options) => {
      expect(await found()).toBe(documents.length);
      if (++calls === 3) throw new Error('killed');
      return embedder.embed(texts, options);
    },
  });
  await expect(drain({ ...dying, database: mortal(dying, () => calls >= 3) })).rejects.toThrow('killed');
  const half = await readChunks();
  expect(half.some(({ waits }) => waits)).toBe(true);
  expect(half.length).toBeGreaterThan(before.length);
  expect(await found()).toBe(documents.length);
  await gateway.db.owner.query('update embedding_jobs set available_at = now()');
  await drain(workerWith(40));
  const after = await readChunks();
  for (const chunk of after) expect(chunk).toMatchObject({ vectors: 1, standIns: 0, waits: false });
  expect(await readJob(job.id)).toMatchObject({ status: 'FINISHED' });
  for (const { text } of after) expect(embedder.countTokens(text)).toBeLessThanOrEqual(40);
});

describe('a tenant with a limit on chunks', () => {
  /** So long ago that the gateway does not hear of it: it is the worker that is held to it. */
  const allow = (chunks: number | null) =>
    gateway.db.owner.query(
      `insert into quota_limits (tenant_id, chunks, updated_at) values ('alpha', $1, '2000-01-01')
       on conflict (tenant_id, key_id) do update set chunks = $1`,
      [chunks],
    );
  const readDeadLetters = async () =>
    (
      await client.query<{ deadLetters: { reason: string; document: { externalId: string } }[] }>(
        '{ deadLetters { reason document { externalId } } }',
      )
    ).deadLetters;
  const small = '{ kind: SENTENCE, maxTokens: 40, overlapTokens: 0, context: TITLE }';
  const failedOf = async (id: string) =>
    (await client.query<{ job: object }>('query($id: ID!) { job(id: $id) { status failed } }', { id })).job;
  const countNow = async () => (await readChunks()).length;

  test('has no more of them after its documents are divided anew; what does not fit is told, and stays as it is', async () => {
    await client.upsert([short, long(1)]);
    await gateway.embedAll();
    const before = await readChunks();
    const ofLong = before.filter(({ key }) => key === 'long1');
    await define(small);
    await allow(before.length);
    const job = await reembed();
    await gateway.embedAll();
    expect(await readChunks()).toEqual(before.map((chunk) => ({ ...chunk, waits: chunk.key === 'long1' })));
    expect(before.every(({ vectors }) => vectors === 1)).toBe(true);
    const letters = await readDeadLetters();
    expect(letters.map(({ document }) => document.externalId)).toEqual(ofLong.map(() => 'long1'));
    for (const { reason } of letters)
      expect(reason).toMatch(
        new RegExp(
          `^Not divided anew, and so not embedded anew\\. The tenant would have \\d+ chunks; ${before.length} are allowed\\.`,
        ),
      );
    expect(await failedOf(job.id)).toEqual({ status: 'FINISHED', failed: ofLong.length });
    expect((await client.search({ text: 'the valve of a boiler', mode: 'SEMANTIC' })).edges).toHaveLength(2);
    // Sent again they are embedded as they are.
    await client.query('mutation { requeue { requeued } }');
    await gateway.embedAll();
    expect(await readChunks()).toEqual(before);
    expect(await readDeadLetters()).toEqual([]);
    // And with room for them they are divided.
    await allow(null);
    const again = await reembed();
    await gateway.embedAll();
    expect(await countNow()).toBeGreaterThan(before.length);
    expect(await failedOf(again.id)).toEqual({ status: 'FINISHED', failed: 0 });
  });

  test('has those divided that fit', async () => {
    await define(small);
    await client.upsert([long(1)]);
    const each = await countNow();
    await gateway.db.owner.query('delete from documents');
    await define('{ kind: MARKDOWN }');
    await client.upsert([long(1), long(2), long(3)]);
    await gateway.embedAll();
    const usual = (await countNow()) / 3;
    await define(small);
    await allow(usual + 2 * each);
    await reembed();
    await gateway.embedAll();
    expect(each).toBeGreaterThan(usual);
    expect(await countNow()).toBe(usual + 2 * each);
    expect(new Set((await readDeadLetters()).map(({ document }) => document.externalId)).size).toBe(1);
  });
});

/** A database that is out of reach from some moment on, as for a process that is gone. */
function mortal({ database }: WorkerDeps, isDead: () => boolean): WorkerDeps['database'] {
  const pool = new Proxy(database.pool, {
    get(target, name) {
      if (isDead()) throw new Error('killed');
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { ...database, pool };
}
