import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createCircuitBreaker } from '../../src/embed/circuit-breaker.ts';
import { createOpenAiEmbedder } from '../../src/embed/openai-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { addCandidate } from '../../src/models/change-roles.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { describeServer } from '../support/database.ts';
import { type EmbeddingServer, type Misbehaviour, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';

const log = createLogger({ level: 'silent' });
const operator = principalOf('operator', { scopes: ['operator'] });
const notes = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    ...{ externalId: `n${n}`, collection: 'c', title: `Note ${n}`, body: `What is written in note ${n}.` },
  }));

describeServer('a tenant with two models, of which one’s provider is down', () => {
  const servers: EmbeddingServer[] = [];
  let gateway: TestGateway;
  let modelIds: number[];

  beforeAll(async () => {
    const open = async (model: string) => {
      const server = await startEmbeddingServer();
      servers.push(server);
      return createOpenAiEmbedder({
        ...{ baseUrl: server.baseUrl, model, dimensions: 384, timeoutMs: 300, maxBatch: 4 },
        retry: { query: { retries: 1, patienceMs: 2_000 }, document: { retries: 3, patienceMs: 20_000 } },
        breaker: createCircuitBreaker({ pauseMs: 200, longestPauseMs: 400 }),
      });
    };
    const [embedder, nextEmbedder] = [await open('first'), await open('second')];
    gateway = await openTestGateway({ embedder, nextEmbedder });
    modelIds = [gateway.workerDeps.modelId, gateway.workerDeps.other?.modelId as number];
    await gateway.upsert('alpha', notes(1));
    await addCandidate({ database: gateway.db.database }, operator, parseTenantId('alpha'), modelIds[1]!);
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all(servers.map((server) => server.close()));
  });
  afterEach(async () => {
    for (const server of servers) {
      server.behave();
      server.requests.length = 0;
    }
    await gateway.db.owner.query('delete from documents');
  });

  const countVectors = async (modelId: number | undefined) =>
    (
      await gateway.db.owner.query<{ n: number }>('select count(*)::int as n from embeddings where model_id = $1', [
        modelId,
      ])
    ).rows[0]!.n;
  const readWaiting = async (modelId: number | undefined) =>
    (
      await gateway.db.owner.query<{ sent: boolean }>(
        'select last_error is not null as sent from embedding_jobs where model_id = $1',
        [modelId],
      )
    ).rows;

  const faults: [string, Misbehaviour][] = [
    ['fails', { kind: 'status', status: 503 }],
    ['is silent', { kind: 'delay', delayMs: 2_000 }],
    ['wants to be left alone for ten minutes', { kind: 'status', status: 429, headers: { 'retry-after': '600' } }],
  ];
  test.each(faults.flatMap(([what, fault]) => [0, 1].map((index) => [index, what, fault] as const)))(
    'goes on with the other (of model %i, it %s)',
    async (index, _, fault) => {
      const [down, up] = [modelIds[index], modelIds[1 - index]];
      servers[index]!.misbehave(fault);
      await gateway.upsert('alpha', notes(40));
      const worker = startWorker(gateway.workerDeps, log);
      try {
        await expect.poll(() => countVectors(up), { timeout: 20_000 }).toBe(40);
        await expect
          .poll(async () => (await readWaiting(down)).some(({ sent }) => sent), { timeout: 20_000 })
          .toBe(true);
        // Not sent and put off in a row, each of them.
        const waiting = await readWaiting(down);
        expect(waiting).toHaveLength(40);
        expect(waiting.filter(({ sent }) => sent).length).toBeLessThan(40);
        expect(await countVectors(down)).toBe(0);
      } finally {
        await worker.stop();
      }
      servers[index]!.behave();
      await gateway.db.owner.query('update embedding_jobs set available_at = now()');
      const later = startWorker(gateway.workerDeps, log);
      try {
        await expect.poll(() => countVectors(down), { timeout: 20_000 }).toBe(40);
      } finally {
        await later.stop();
      }
    },
    60_000,
  );

  test('has its chunks due when it is asked again, however often they failed while it was down', async () => {
    const [down] = modelIds;
    const readJobs = async () =>
      (
        await gateway.db.owner.query<{ attempts: number; seconds: number }>(
          `select attempts, extract(epoch from available_at - now())::float8 as seconds from embedding_jobs where model_id = $1`,
          [down],
        )
      ).rows;
    servers[0]!.misbehave({ kind: 'status', status: 503 });
    await gateway.upsert('alpha', notes(3));
    const worker = startWorker(gateway.workerDeps, log);
    try {
      // Not while they are claimed.
      const isPutOff = (jobs: Awaited<ReturnType<typeof readJobs>>) =>
        jobs.length === 3 && jobs.every(({ attempts, seconds }) => attempts >= 5 && seconds < 100);
      let putOff: Awaited<ReturnType<typeof readJobs>> = [];
      const look = async () => {
        putOff = await readJobs();
        return isPutOff(putOff);
      };
      await expect.poll(look, { interval: 20, timeout: 60_000 }).toBe(true);
      // By their own count they would be due in 8 to 16 seconds, and in minutes after an outage of ten.
      for (const { seconds } of putOff) expect(seconds).toBeLessThan(2);
      expect(await countVectors(modelIds[1])).toBe(3);
      servers[0]!.behave();
      await expect.poll(() => countVectors(down), { timeout: 6_000 }).toBe(3);
    } finally {
      await worker.stop();
    }
  }, 90_000);
});
