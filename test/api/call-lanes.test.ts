import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { addCandidate } from '../../src/models/change-roles.ts';
import { drain, startWorker } from '../../src/worker/worker.ts';
import { describeServer } from '../support/database.ts';
import { embedBatch } from '../support/embed-batch.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';

const log = createLogger({ level: 'silent' });
const patience = { timeout: 20_000 };
const own = loadStaticEmbedder();

const notes = (collection: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    externalId: `n${n}`,
    collection,
    title: `Note ${n}`,
    body: `Note ${n}.`,
  }));

/** The built-in embedder behind calls that take their time, with how many of them were under way at most. */
function slowly(embedder: Embedder, until: (texts: readonly string[], underWay: number) => Promise<unknown>) {
  const seen = { most: 0, calls: 0 };
  let underWay = 0;
  const slow: Embedder = {
    ...embedder,
    maxBatch: 4,
    embed: async (texts, options) => {
      seen.calls++;
      seen.most = Math.max(seen.most, ++underWay);
      try {
        await until(texts, underWay);
        return await embedder.embed(texts, options);
      } finally {
        underWay--;
      }
    },
  };
  return { slow, seen };
}

/** Calls that wait until so many are under way, and then a while for one more. */
function heldUntil(count: number) {
  const reached = Promise.withResolvers<void>();
  return slowly(own, async (_, underWay) => {
    if (underWay >= count) reached.resolve();
    await reached.promise;
    await wait(20);
  });
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway({
    nextEmbedder: { ...own, model: { ...own.model, name: 'another-model' } },
  });
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents; delete from jobs'));

const countVectors = async (where = 'true') =>
  (await gateway.db.owner.query<{ n: number }>(`select count(*)::int as n from embeddings where ${where}`)).rows[0]!.n;

describe('a provider whose calls take their time', () => {
  test('is sent as many calls at a time as it may be, and no more', async () => {
    const { slow, seen } = heldUntil(3);
    await gateway.upsert('alpha', notes('c', 80));
    const worker = startWorker({ ...gateway.workerDeps, other: undefined, embedder: slow, concurrency: 3 }, log);
    try {
      await expect.poll(() => countVectors(), patience).toBe(80);
    } finally {
      await worker.stop();
    }
    expect(seen.most).toBe(3);
  });

  test('embeds all else while one call takes its time, thirteen times what a batch has that waits for its slowest', async () => {
    const whileOneIsHeld = async (work: (deps: TestGateway['workerDeps']) => Promise<unknown>, expected: number) => {
      await gateway.upsert('alpha', notes('c', 160));
      const released = Promise.withResolvers<void>();
      let calls = 0;
      const { slow } = slowly(own, () => (calls++ === 0 ? released.promise : Promise.resolve()));
      const done = work({ ...gateway.workerDeps, other: undefined, embedder: slow, concurrency: 4 });
      try {
        await expect.poll(() => countVectors(), patience).toBe(expected);
      } finally {
        released.resolve();
      }
      await done;
      expect(await countVectors()).toBe(expected + 4);
      await gateway.db.owner.query('delete from documents');
    };
    await whileOneIsHeld((deps) => embedBatch(deps), 12);
    await whileOneIsHeld((deps) => drain(deps), 156);
  });

  test('does not keep what is written meanwhile from being sent beside a call that is slow', async () => {
    const released = Promise.withResolvers<void>();
    const { slow } = slowly(own, (texts) =>
      texts.some((text) => text.includes('Slow')) ? released.promise : Promise.resolve(),
    );
    await gateway.upsert('alpha', [{ externalId: 's', collection: 'c', title: 'Slow', body: 'It takes its time.' }]);
    const worker = startWorker({ ...gateway.workerDeps, other: undefined, embedder: slow, concurrency: 2 }, log);
    try {
      await expect
        .poll(
          async () => (await gateway.db.owner.query('select from embedding_jobs where attempts > 0')).rowCount,
          patience,
        )
        .toBe(1);
      for (const tenant of ['alpha', 'beta']) {
        await gateway.upsert(tenant, notes('d', 1));
        worker.wake();
        await expect.poll(() => countVectors(`tenant_id = '${tenant}'`), patience).toBe(1);
      }
      released.resolve();
      await expect.poll(() => countVectors(), patience).toBe(3);
    } finally {
      released.resolve();
      await worker.stop();
    }
  });

  test('has what was claimed embedded when the worker is stopped, and nothing else', async () => {
    const asked = Promise.withResolvers<void>();
    const { slow } = slowly(own, () => {
      asked.resolve();
      return wait(200);
    });
    await gateway.upsert('alpha', notes('c', 40));
    const worker = startWorker({ ...gateway.workerDeps, other: undefined, embedder: slow, concurrency: 2 }, log);
    await asked.promise;
    await worker.stop();
    const claimed = await gateway.db.owner.query('select from embedding_jobs where attempts > 0');
    expect([await countVectors(), claimed.rowCount]).toEqual([8, 0]);
  });
});

describeServer('a worker with two models', () => {
  test('has no more calls to either provider at a time than each may have', async () => {
    const [first, second] = [heldUntil(2), heldUntil(5)];
    const { other } = gateway.workerDeps;
    await gateway.upsert('alpha', notes('c', 1));
    await gateway.embedAll();
    await addCandidate(
      { database: gateway.db.database },
      principalOf('operator', { scopes: ['operator'] }),
      parseTenantId('alpha'),
      other!.modelId,
    );
    await gateway.upsert('alpha', notes('d', 60));
    const deps = {
      ...gateway.workerDeps,
      ...{ embedder: first.slow, concurrency: 2 },
      other: { ...other!, embedder: second.slow, concurrency: 5 },
    };
    const worker = startWorker(deps, log);
    try {
      await expect.poll(() => countVectors(), patience).toBe(2 * 61);
    } finally {
      await worker.stop();
    }
    expect([first.seen.most, second.seen.most]).toEqual([2, 5]);
  });
});
