import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { EmbedderError } from '../../src/embed/embedder-error.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
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
afterEach(() => gateway.db.owner.query('delete from documents; delete from jobs'));

const note = (n: number, body = `The body of note ${n}.`) => ({
  externalId: `n${n}`,
  collection: 'notes',
  title: `Note ${n}`,
  body,
});
const notes = (count: number) => Array.from({ length: count }, (_, n) => note(n));

interface Job {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly ratePerSecond: number;
  readonly secondsLeft: number | null;
}
const jobFields = 'id kind status total done failed ratePerSecond secondsLeft';

async function write(input: readonly unknown[], job?: string): Promise<Job | null> {
  const { upsertDocuments } = await client.query<{ upsertDocuments: { job: Job | null } }>(
    `mutation($input: [UpsertDocumentInput!]!, $job: ID) {
      upsertDocuments(input: $input, job: $job) { ... on UpsertDocumentsPayload { job { ${jobFields} } } } }`,
    { input, job },
  );
  return upsertDocuments.job;
}

async function readJob(id: string): Promise<Job> {
  return (await client.query<{ job: Job }>(`query($id: ID!) { job(id: $id) { ${jobFields} } }`, { id })).job;
}

/** Does something with every call, and embeds a text at a time. */
const oneByOne = (work: () => Promise<unknown>): Embedder => ({
  ...embedder,
  maxBatch: 1,
  embed: async (texts, options) => {
    await work();
    return embedder.embed(texts, options);
  },
});

/** Refuses texts that hold a word, and takes any other. */
const refusing = (word: string): Embedder => ({
  ...embedder,
  embed: async (texts, options) => {
    if (texts.some((text) => text.includes(word))) throw new EmbedderError('EMBEDDER_REJECTED', 'HTTP status 400.');
    return embedder.embed(texts, options);
  },
});
const letTimePass = () => gateway.db.owner.query('update embedding_jobs set available_at = now()');

describe('the job of a write', () => {
  test('counts from nothing to all, a batch at a time', async () => {
    const job = (await write(notes(4)))!;
    expect(job).toMatchObject({ kind: 'WRITE', status: 'RUNNING', total: 4, done: 0, failed: 0, secondsLeft: null });
    const seen: Job[] = [];
    await drain({ ...gateway.workerDeps, embedder: oneByOne(async () => seen.push(await readJob(job.id))) });
    expect(seen.map(({ done }) => done)).toEqual([0, 1, 2, 3]);
    expect(seen[2]!.ratePerSecond).toBeGreaterThan(0);
    expect(seen[2]!.secondsLeft).toBeGreaterThan(0);
    expect(await readJob(job.id)).toMatchObject({
      status: 'FINISHED',
      total: 4,
      done: 4,
      failed: 0,
      secondsLeft: null,
    });
  });

  test('is one for an import of many writes that name it', async () => {
    const first = (await write(notes(3)))!;
    expect(await write([note(7), note(8)], first.id)).toMatchObject({ id: first.id, total: 5 });
    // Nothing is left to embed of what is there already.
    expect(await write([note(7)], first.id)).toMatchObject({ id: first.id, total: 5 });
    await gateway.embedAll();
    expect(await readJob(first.id)).toMatchObject({ status: 'FINISHED', total: 5, done: 5 });
  });

  test('is none where nothing is to be embedded', async () => {
    await write([note(1)]);
    expect(await write([note(1)])).toBeNull();
    expect(await write([{ ...note(1), metadata: { a: 1 } }])).toBeNull();
  });

  test('is finished, too, where its chunks are replaced or deleted before their turn', async () => {
    const replaced = (await write([note(1)]))!;
    await write([note(1, 'Another text.')]);
    expect(await readJob(replaced.id)).toMatchObject({ status: 'FINISHED', total: 1, done: 1 });
    const deleted = (await write([note(2)]))!;
    const { edges } = await client.documents({ externalId: { eq: 'n2' } });
    await client.delete(edges.map(({ node }) => node.id));
    expect(await readJob(deleted.id)).toMatchObject({ status: 'FINISHED', total: 1, done: 1 });
  });

  test('is written by the worker once a batch, however many chunks it has', async () => {
    const job = (await write(notes(60)))!;
    const writes = async () =>
      (await gateway.db.owner.query<{ n: number }>('select xmin::text::int as n from jobs')).rows[0]!.n;
    let [changes, last] = [0, await writes()];
    await drain(gateway.workerDeps, undefined, () => {
      changes += 1;
    });
    expect(changes).toBe(1);
    expect(await writes()).not.toBe(last);
    last = await writes();
    await gateway.embedAll();
    expect(await writes()).toBe(last);
    expect(await readJob(job.id)).toMatchObject({ done: 60 });
  });

  test('is announced when it gets on, once a transaction', async () => {
    if (gateway.db.kind === 'embedded') return;
    const heard: string[] = [];
    const { Client: PgClient } = (await import('pg')).default;
    const listener = new PgClient({ connectionString: gateway.db.urls.worker });
    await listener.connect();
    listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await listener.query('listen tessera_job_progress');
    const job = (await write(notes(5)))!;
    await gateway.embedAll();
    await listener.query('select 1');
    await listener.end();
    expect(heard).toEqual([`alpha/${Buffer.from(job.id, 'base64').toString().slice('Job:'.length)}`]);
  });

  test('stands among the jobs of its tenant, newest first, and of no other', async () => {
    const [first, second] = [(await write([note(1)]))!, (await write([note(2)]))!];
    const { jobs } = await client.query<{ jobs: Job[] }>('{ jobs { id } }');
    expect(jobs.map(({ id }) => id)).toEqual([second.id, first.id]);
    const beta = await openClient(gateway, 'beta');
    expect(await beta.query('{ jobs { id } }')).toEqual({ jobs: [] });
    expect((await client.query<{ jobs: Job[] }>('{ jobs(first: 1) { id } }')).jobs).toHaveLength(1);
  });
});

describe('embedding anew', () => {
  const reembed = async (variables: Record<string, unknown>) =>
    (
      await client.query<{ reembed: { job: Job | null } }>(
        `mutation($collection: String, $ids: [ID!]) { reembed(collection: $collection, ids: $ids) { ... on ReembedPayload { job { ${jobFields} } } } }`,
        variables,
      )
    ).reembed.job;
  const writtenAt = async () =>
    (await gateway.db.owner.query<{ x: string }>('select xmin::text as x from embeddings order by chunk_id')).rows.map(
      ({ x }) => x,
    );

  test('gives every chunk of a collection a new vector, and finds it by the old one until then', async () => {
    await write([...notes(3), { ...note(9), collection: 'other' }]);
    await gateway.embedAll();
    const before = await writtenAt();
    const job = (await reembed({ collection: 'notes' }))!;
    expect(job).toMatchObject({ kind: 'REEMBED', status: 'RUNNING', total: 3 });
    const hits = async () => (await client.search({ text: 'the body of note 1', mode: 'SEMANTIC' })).edges.length;
    await drain({ ...gateway.workerDeps, embedder: oneByOne(async () => expect(await hits()).toBe(4)) });
    expect(await hits()).toBe(4);
    expect(await readJob(job.id)).toMatchObject({ status: 'FINISHED', done: 3 });
    const after = await writtenAt();
    expect(after.filter((x) => before.includes(x))).toHaveLength(1);
    expect(after).toHaveLength(4);
  });

  test('is for some documents, and nothing for none', async () => {
    await write(notes(3));
    await gateway.embedAll();
    const { edges } = await client.documents({ externalId: { in: ['n0', 'n2'] } });
    expect(await reembed({ ids: edges.map(({ node }) => node.id) })).toMatchObject({ total: 2 });
    expect(await reembed({ collection: 'nothing' })).toBeNull();
    await gateway.embedAll();
  });

  test.each([{}, { collection: 'notes', ids: [] }])('is refused for %j', async (variables) => {
    const answer = await gateway.graphql(
      client.token,
      'mutation($collection: String, $ids: [ID!]) { reembed(collection: $collection, ids: $ids) { __typename } }',
      variables,
    );
    expect(answer.errors[0]?.extensions?.code).toBe('BAD_USER_INPUT');
  });
});

const letters = '{ deadLetters { id reason attempts ordinal document { externalId } } tenant { pendingChunks } }';
interface Letters {
  readonly deadLetters: readonly {
    readonly id: string;
    readonly reason: string;
    readonly document: { externalId: string };
  }[];
  readonly tenant: { readonly pendingChunks: number };
}

describe('a text that the provider refuses', () => {
  test('holds up no other, is tried again, and is a dead letter in the end', async () => {
    const job = (await write([...notes(5), note(5, 'A poison text.')]))!;
    const worker = { ...gateway.workerDeps, embedder: refusing('poison') };
    expect(await drain(worker)).toBe(5);
    expect(await client.query<Letters>(letters)).toMatchObject({ deadLetters: [], tenant: { pendingChunks: 1 } });
    for (let round = 0; round < 2; round++) {
      await letTimePass();
      await drain(worker);
    }
    const { deadLetters, tenant } = await client.query<Letters>(letters);
    expect(deadLetters).toMatchObject([{ reason: 'HTTP status 400.', attempts: 3, document: { externalId: 'n5' } }]);
    expect(tenant.pendingChunks).toBe(0);
    expect(await readJob(job.id)).toMatchObject({ status: 'FINISHED', total: 6, done: 5, failed: 1 });
    await letTimePass();
    expect(await drain(worker)).toBe(0);
    expect((await client.search({ text: 'poison', mode: 'KEYWORD' })).edges).toHaveLength(1);
    const [letter] = deadLetters;
    const requeue = (ids?: string[]) =>
      client.query('mutation($ids: [ID!]) { requeue(ids: $ids) { requeued } }', { ids });
    expect(await requeue([letter!.id])).toEqual({ requeue: { requeued: 1 } });
    expect(await requeue()).toEqual({ requeue: { requeued: 0 } });
    expect(await gateway.embedAll()).toBe(1);
    expect(await readJob(job.id)).toMatchObject({ status: 'FINISHED', done: 6, failed: 0 });
  });

  test("is another tenant's business no more than its documents are", async () => {
    await write([note(1, 'A poison text.'), note(2)]);
    for (let round = 0; round < 3; round++) {
      await drain({ ...gateway.workerDeps, embedder: refusing('poison') });
      await letTimePass();
    }
    const [letter] = (await client.query<Letters>(letters)).deadLetters;
    expect(letter).toBeDefined();
    const beta = await openClient(gateway, 'beta');
    expect(await beta.query(letters)).toMatchObject({ deadLetters: [] });
    for (const variables of [{}, { ids: [letter!.id] }])
      expect(await beta.query('mutation($ids: [ID!]) { requeue(ids: $ids) { requeued } }', variables)).toEqual({
        requeue: { requeued: 0 },
      });
  });

  test('in an edit leaves the document found by its old vectors', async () => {
    await write([note(1, 'All about the sauna.'), ...notes(1)]);
    await gateway.embedAll();
    await write([note(1, 'A poison text.')]);
    for (let round = 0; round < 3; round++) {
      await drain({ ...gateway.workerDeps, embedder: refusing('poison') });
      await letTimePass();
    }
    expect((await client.query<Letters>(letters)).deadLetters).toHaveLength(1);
    const { edges } = await client.search({ text: 'sauna', mode: 'SEMANTIC' });
    expect(edges[0]).toMatchObject({ node: { externalId: 'n1' }, chunk: { text: 'A poison text.' } });
    // The next edit takes the dead letter with it.
    await write([note(1, 'All about the library.')]);
    expect((await client.query<Letters>(letters)).deadLetters).toEqual([]);
    expect(await gateway.embedAll()).toBe(1);
  });
});

describe('an outage', () => {
  test.each([
    ['that refuses everything', 'EMBEDDER_REJECTED'],
    ['that cannot be reached', 'EMBEDDER_UNAVAILABLE'],
    ['that is too slow', 'EMBEDDER_TIMEOUT'],
  ] as const)('of a provider %s makes no dead letter, however long it is', async (_, code) => {
    await write(notes(3));
    const down: Embedder = { ...embedder, embed: () => Promise.reject(new EmbedderError(code, 'It is down.')) };
    for (let round = 0; round < 12; round++) {
      await drain({ ...gateway.workerDeps, embedder: down });
      await letTimePass();
    }
    expect(await client.query<Letters>(letters)).toMatchObject({ deadLetters: [], tenant: { pendingChunks: 3 } });
    expect(await gateway.embedAll()).toBe(3);
  });
});

describe('turns between tenants', () => {
  test("put another tenant's edit into the next batch, though ten thousand jobs wait", async () => {
    await gateway.upsert('bulk', [note(1)]);
    await gateway.embedAll();
    await gateway.db.owner.query(`
      insert into chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
      select 'bulk', gen_random_uuid(), d.id, i, '', 'text ' || i, 0, 1, 'english', sha256(i::text::bytea)
      from documents d, generate_series(1, 10000) i where d.tenant_id = 'bulk'`);
    await gateway.db.owner.query(`
      insert into embedding_jobs (tenant_id, model_id, chunk_id, available_at)
      select tenant_id, 1, id, now() - interval '1 hour' from chunks where tenant_id = 'bulk' and ordinal > 0`);
    await gateway.db.owner.query('analyze embedding_jobs');
    await write([note(1)]);
    const batches: (readonly string[])[] = [];
    const stop = new AbortController();
    await drain(gateway.workerDeps, stop.signal, ({ tenants }) => {
      batches.push(tenants);
      stop.abort();
    });
    expect(batches[0]).toEqual(expect.arrayContaining(['alpha', 'bulk']));
    expect(await client.query('{ tenant { pendingChunks } }')).toEqual({ tenant: { pendingChunks: 0 } });
  });
});
