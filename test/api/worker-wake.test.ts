import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAnnouncer, workChannel } from '../../src/db/announce.ts';
import { upsertDocuments } from '../../src/ingest/upsert-documents.ts';
import { createLogger } from '../../src/log.ts';
import { followWork } from '../../src/worker/follow-work.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';

describeServer('workers that listen', () => {
  let gateway: TestGateway;
  const log = createLogger({ level: 'silent' });
  const note = (n: number) => ({ externalId: `n${n}`, collection: 'c', title: 'Note', body: `The body of note ${n}.` });
  const countVectors = async () =>
    (await gateway.db.owner.query<{ n: number }>('select count(*)::int as n from embeddings')).rows[0]!.n;
  const faults: unknown[] = [];

  beforeAll(async () => {
    gateway = await openTestGateway();
  });
  afterAll(() => gateway.close());

  test('are woken by a write of another process, well before they would look by themselves', async () => {
    let woken = 0;
    const started = Promise.withResolvers<void>();
    const worker: Pick<Worker, 'wake'> = {
      wake: () => {
        woken += 1;
        started.resolve();
      },
    };
    const listener = followWork(gateway.db.worker, worker, log, gateway.db.urls.worker);
    try {
      // Once when it listens, for what came before.
      await started.promise;
      const announce = createAnnouncer(gateway.db.database, workChannel, (error) => faults.push(error));
      await upsertDocuments({ ...gateway.deps, onPending: announce }, principalOf('alpha'), [note(0)]);
      const startedMs = performance.now();
      while (woken < 2 && performance.now() - startedMs < 5_000) await wait(5);
      expect(woken).toBe(2);
      expect(faults).toEqual([]);
    } finally {
      await listener.close();
    }
  });

  test('announce many writes at once with few announcements', async () => {
    let queries = 0;
    const release = Promise.withResolvers<void>();
    const pool = {
      query: async () => {
        queries += 1;
        await release.promise;
      },
    };
    const announce = createAnnouncer({ pool: pool as never }, workChannel, () => {});
    for (let i = 0; i < 100; i++) announce();
    release.resolve();
    await wait(10);
    expect(queries).toBe(2);
  });

  test('share the load of several tenants, and none embeds what another has', async () => {
    const embedded = new Map<number, number>();
    let sent = 0;
    const workers = [0, 1].map((index) => {
      const { embedder } = gateway.workerDeps;
      const counting = {
        ...embedder,
        maxBatch: 4,
        embed: async (...args: Parameters<typeof embedder.embed>) => {
          embedded.set(index, (embedded.get(index) ?? 0) + args[0].length);
          sent += args[0].length;
          await wait(5);
          return embedder.embed(...args);
        },
      };
      return startWorker({ ...gateway.workerDeps, embedder: counting, concurrency: 2 }, log);
    });
    try {
      await wait(50);
      const before = await countVectors();
      for (const tenant of ['alpha', 'beta', 'gamma'])
        await gateway.upsert(
          tenant,
          Array.from({ length: 60 }, (_, n) => note(n)),
        );
      for (const worker of workers) worker.wake();
      const fresh = 3 * 60 - 1;
      const startedMs = performance.now();
      while ((await countVectors()) < before + fresh && performance.now() - startedMs < 10_000) await wait(10);
      expect(await countVectors()).toBe(3 * 60);
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
    }
    expect([...embedded.values()].every((count) => count > 0)).toBe(true);
    expect(embedded.size).toBe(2);
    expect(sent).toBe(3 * 60);
  });
});
