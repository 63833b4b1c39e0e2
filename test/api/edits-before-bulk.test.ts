import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { upsertDocuments, writeDocuments } from '../../src/ingest/upsert-documents.ts';
import { createLogger } from '../../src/log.ts';
import { addCandidate } from '../../src/models/change-roles.ts';
import { fillModels } from '../../src/worker/fill-models.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { embedBatch } from '../support/embed-batch.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';
import { principalOf } from '../support/principal.ts';

// Thousands of documents are stored, which a busy machine takes its time for.
vi.setConfig({ testTimeout: 120_000 });

const own = loadStaticEmbedder();
const log = createLogger({ level: 'silent' });
const alpha = principalOf('alpha');
let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway({ nextEmbedder: { ...own, model: { ...own.model, name: 'another-model' } } });
  client = await openClient(gateway, 'alpha');
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents; delete from jobs'));

/** One chunk each. */
const notes = (collection: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({
    ...{ externalId: `n${from + n}`, collection, title: `Note ${from + n}`, body: `What note ${from + n} says.` },
  }));
const edited = (body: string) => ({ externalId: 'edited', collection: 'c', title: 'The minutes', body });

/** Stores documents in large writes, as a load does. */
async function load(tenant: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000)
    await upsertDocuments(gateway.deps, principalOf(tenant), notes('load', Math.min(1_000, count - from), from));
}

async function countWaiting(where: string): Promise<number> {
  const { rows } = await gateway.db.owner.query<{ n: number }>(
    `select count(*)::int as n from embedding_jobs j join chunks c on c.id = j.chunk_id join documents d on d.id = c.document_id
     where ${where}`,
  );
  return rows[0]!.n;
}

const foundByMeaning = async (text: string) =>
  (await client.search({ text, mode: 'SEMANTIC', collections: ['c'] })).edges.map(({ node }) => node.externalId);

test('an edit is searchable with the next batch, while 5,000 chunks of its own tenant’s import wait', async () => {
  await gateway.upsert('alpha', [edited('The council met in spring.')]);
  await gateway.embedAll();
  await load('alpha', 5_000);
  await gateway.upsert('alpha', [edited('A new bridge over the river was decided upon.')]);
  expect(await embedBatch({ ...gateway.workerDeps, concurrency: 4 })).toMatchObject({ claimed: 256, embedded: 256 });
  expect(await foundByMeaning('bridge across a river')).toEqual(['edited']);
  expect(await countWaiting(`d.collection = 'load'`)).toBe(5_000 - 255);
  expect(await countWaiting(`d.collection = 'c'`)).toBe(0);
});

test('a load goes on while its tenant edits more than is embedded', async () => {
  await load('alpha', 1_000);
  const { maxBatch } = gateway.workerDeps.embedder;
  for (let round = 0; round < 4; round++) {
    const before = await countWaiting(`d.collection = 'load'`);
    for (let n = 0; n < 3; n++) await gateway.upsert('alpha', notes(`edits-${round}-${n}`, maxBatch / 2));
    expect(await embedBatch(gateway.workerDeps)).toMatchObject({ embedded: maxBatch });
    expect(await countWaiting(`d.collection = 'load'`)).toBe(before - maxBatch / 2);
  }
});

test('a tenant that edits and loads has no more of a batch than one that does either', async () => {
  await load('alpha', 200);
  await gateway.upsert('alpha', notes('c', 60));
  await load('beta', 200);
  await gateway.upsert('gamma', notes('c', 60));
  expect(await embedBatch({ ...gateway.workerDeps, embedder: { ...own, maxBatch: 60 } })).toMatchObject({
    claimed: 60,
  });
  const waits = (tenant: string) => countWaiting(`d.tenant_id = '${tenant}'`);
  expect([await waits('alpha'), await waits('beta'), await waits('gamma')]).toEqual([240, 180, 40]);
  expect(await countWaiting(`d.tenant_id = 'alpha' and d.collection = 'c'`)).toBe(50);
});

test('what is edited is few chunks and no part of another job; everything else is bulk', async () => {
  const isBulk = async (collection: string, modelId = gateway.workerDeps.modelId) =>
    (
      await gateway.db.owner.query<{ is_bulk: boolean }>(
        `select distinct is_bulk from embedding_jobs j join chunks c on c.id = j.chunk_id join documents d on d.id = c.document_id
         where d.collection = $1 and model_id = $2`,
        [collection, modelId],
      )
    ).rows.map(({ is_bulk }) => is_bulk);
  await gateway.upsert('alpha', notes('few', 100));
  await gateway.upsert('alpha', notes('many', 101));
  const { jobId } = await writeDocuments(gateway.deps, alpha, { documents: notes('first-part', 2), atomic: true });
  await writeDocuments(gateway.deps, alpha, { documents: notes('next-part', 2), atomic: true, jobId: jobId! });
  expect([await isBulk('few'), await isBulk('many')]).toEqual([[false], [true]]);
  expect([await isBulk('first-part'), await isBulk('next-part')]).toEqual([[false], [true]]);
  await gateway.embedAll();
  await client.query('mutation { reembed(collection: "few") { ... on ReembedPayload { job { id } } } }');
  expect(await isBulk('few')).toEqual([true]);
  // Written while the candidate is filled, it waits for that as for the active model.
  const otherId = gateway.workerDeps.other!.modelId;
  const operator = principalOf('operator', { scopes: ['operator'] });
  await addCandidate({ database: gateway.db.database }, operator, parseTenantId('alpha'), otherId);
  await fillModels(gateway.workerDeps.database);
  await gateway.upsert('alpha', [edited('Written beside the filling.')]);
  expect([await isBulk('many', otherId), await isBulk('c'), await isBulk('c', otherId)]).toEqual([
    [true],
    [false],
    [false],
  ]);
});

test('a running worker has an edit searchable while nearly all of its tenant’s import waits', async () => {
  await load('delta', 3_000);
  // Some 25 ms for 64 texts, so that the import takes two seconds at least.
  const paced: Embedder = {
    ...own,
    embed: async (texts, options) => {
      await wait(25);
      return own.embed(texts, options);
    },
  };
  const worker = startWorker({ ...gateway.workerDeps, other: undefined, embedder: paced }, log);
  try {
    for (const word of ['harbour', 'orchestra', 'volcano']) {
      await gateway.upsert('delta', [edited(`It is about the ${word}.`)]);
      worker.wake();
      const before = await countWaiting(`d.tenant_id = 'delta' and d.collection = 'load'`);
      await expect.poll(() => countWaiting(`d.collection = 'c'`), { interval: 5, timeout: 20_000 }).toBe(0);
      expect(before - (await countWaiting(`d.tenant_id = 'delta' and d.collection = 'load'`))).toBeLessThan(1_000);
    }
    expect(await countWaiting(`d.tenant_id = 'delta' and d.collection = 'load'`)).toBeGreaterThan(0);
  } finally {
    await worker.stop();
  }
});
