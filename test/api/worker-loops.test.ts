import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { createLogger } from '../../src/log.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const embedder = loadStaticEmbedder();
const log = createLogger({ level: 'silent', destination: { write: () => {} } });
const patience = { timeout: 20_000 };
let gateway: TestGateway;
let client: Client;
let worker: Worker | undefined;

beforeAll(async () => {
  gateway = await openTestGateway({ embedder });
  client = await openClient(gateway, 'alpha');
});
afterEach(async () => {
  await worker?.stop();
  await gateway.db.owner.query('delete from documents; delete from jobs');
});
afterAll(() => gateway.close());

const documents = (collection: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ externalId: `${i}`, collection, title: `Title ${i}`, body: 'A body.' }));
const count = async (query: string) =>
  (await gateway.db.owner.query<{ count: number }>(`select count(*)::int as count from ${query}`)).rows[0]?.count;

test('what is to go is cleared away while there is no end of what is to be embedded', async () => {
  // More than are deleted at once.
  for (let part = 0; part < 3; part++) {
    const some = documents('old', 100).map((one) => ({ ...one, externalId: `${part}-${one.externalId}` }));
    await client.upsert(some);
  }
  await client.upsert(documents('brief', 2));
  await gateway.embedAll();
  await gateway.db.owner.query(`update documents set expires_at = now() where collection = 'brief'`);
  await client.upsert(documents('import', 3));
  const released = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const busy: Embedder = {
    ...embedder,
    embed: async (texts, options) => {
      asked.resolve();
      await released.promise;
      return embedder.embed(texts, options);
    },
  };
  worker = startWorker({ ...gateway.workerDeps, embedder: busy }, log);
  try {
    await asked.promise;
    const { deleteByFilter } = await client.query<{ deleteByFilter: { job: { id: string } } }>(
      `mutation { deleteByFilter(filter: { collection: { eq: "old" } }) { job { id } } }`,
    );
    const readJob = async () =>
      (
        await client.query<{ job: { status: string; done: number } }>(
          'query($id: ID!) { job(id: $id) { status done } }',
          { id: deleteByFilter.job.id },
        )
      ).job;
    await expect.poll(readJob, patience).toEqual({ status: 'FINISHED', done: 300 });
    await expect.poll(() => count(`documents where collection = 'brief'`), patience).toBe(0);
    expect(await count('chunks')).toBe(3);
    expect(await count('embedding_jobs')).toBe(3);
  } finally {
    released.resolve();
  }
  await expect.poll(() => count('embeddings'), patience).toBe(3);
});

test('documents are embedded, whatever keeps changes of attached tables from being written', async () => {
  let tries = 0;
  const applyChanges = () => {
    tries++;
    return Promise.reject(new Error('The table is broken.'));
  };
  worker = startWorker({ ...gateway.workerDeps, applyChanges }, log);
  await client.upsert(documents('import', 3));
  await expect.poll(() => count('embeddings'), patience).toBe(3);
  expect(tries).toBeGreaterThan(0);
});
