import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { divideAnew } from '../../src/ingest/divide-anew.ts';
import type { WorkerDeps } from '../../src/worker/embed-batch.ts';
import { drain } from '../../src/worker/worker.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const embedder = loadStaticEmbedder();
let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents; delete from jobs; delete from collections'));

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
    divideAnew: (tenantId, jobId, ids) => divideAnew({ database: gateway.db.worker, chunking }, tenantId, jobId, ids),
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
