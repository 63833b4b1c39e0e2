import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.ts';
import { limitTokens } from '../../src/embed/limit-tokens.ts';
import { createOpenAiEmbedder } from '../../src/embed/openai-embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { createTokenBudget } from '../../src/embed/token-budget.ts';
import { createLogger } from '../../src/log.ts';
import { createPauses, type Pauses } from '../../src/worker/pauses.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { embedBatch } from '../support/embed-batch.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => gateway.db.owner.query('delete from documents'));

const log = createLogger({ level: 'silent' });
const note = (n: number) => ({
  ...{ externalId: `n${n}`, collection: 'c', title: `Note ${n}` },
  body: `What is written in note ${n} is about as long as what is written in any other.`,
});
const notes = (count: number) => Array.from({ length: count }, (_, n) => note(n));

interface Job {
  readonly tenant: string;
  readonly attempts: number;
  readonly seconds: number;
  readonly reason: string | null;
}

/** What waits, with the seconds until it is due. */
async function readJobs(): Promise<Job[]> {
  const { rows } = await gateway.db.owner.query<Job>(
    `select tenant_id as tenant, attempts, extract(epoch from available_at - now())::float8 as seconds, last_error as reason
     from embedding_jobs order by available_at`,
  );
  return rows;
}

const countVectors = async (tenant: string) =>
  (
    await gateway.db.owner.query<{ n: number }>('select count(*)::int as n from embeddings where tenant_id = $1', [
      tenant,
    ])
  ).rows[0]!.n;

/** The built-in embedder, with what it was sent. */
function recording(embedder: Embedder) {
  const calls: { tenant: string | undefined; texts: number; tokens: number }[] = [];
  return {
    calls,
    embedder: {
      ...embedder,
      embed: async (...[texts, options]: Parameters<Embedder['embed']>) => {
        const tokens = texts.reduce((sum, text) => sum + embedder.countTokens(text), 0);
        calls.push({ tenant: options.tenantId, texts: texts.length, tokens });
        return embedder.embed(texts, options);
      },
    },
  };
}

describe('a tenant with a budget of tokens', () => {
  const tokensPerMinute = 600;
  let nowMs: number;
  let pauses: Pauses;
  beforeEach(() => {
    nowMs = 0;
    pauses = createPauses(() => nowMs);
  });

  /** Lets time pass by the clocks of the budget, of the worker and of what waits. */
  async function pass(ms: number): Promise<void> {
    nowMs += ms;
    await gateway.db.owner.query('update embedding_jobs set available_at = available_at - make_interval(secs => $1)', [
      ms / 1_000,
    ]);
  }

  test.each([1, 4])(
    'is embedded at its rate, nothing of it over and over, beside others (%i calls at a time)',
    async (concurrency) => {
      const budget = createTokenBudget({ tokensPerMinute, nowMs: () => nowMs });
      const { calls, embedder } = recording(loadStaticEmbedder());
      const deps = { ...gateway.workerDeps, embedder: limitTokens({ ...embedder, maxBatch: 8 }, budget), concurrency };
      await gateway.upsert('alpha', notes(160));
      const sentFor = (tenant: string) =>
        calls.filter((call) => call.tenant === tenant).reduce((sum, { tokens }) => sum + tokens, 0);
      let claimed = 0;
      let most = 0;
      /** As a worker does: until nothing is to be had, and again a second later. */
      const look = async () => {
        for (let batch = await embedBatch(deps, pauses); batch.claimed > 0; batch = await embedBatch(deps, pauses))
          claimed += batch.claimed;
      };
      while ((await countVectors('alpha')) < 160) {
        if (nowMs === 60_000) await gateway.upsert('beta', notes(1));
        await look();
        most = Math.max(most, ...(await readJobs()).map(({ attempts }) => attempts));
        if (nowMs === 60_000) expect(await countVectors('beta')).toBe(1);
        expect(60_000 * (sentFor('alpha') - tokensPerMinute)).toBeLessThanOrEqual(tokensPerMinute * nowMs);
        expect(nowMs).toBeLessThan(3_600_000);
        await pass(1_000);
      }
      const tokens = sentFor('alpha');
      // The bucket is full at first; what comes after that takes long enough to compare.
      expect(tokens).toBeGreaterThan(4 * tokensPerMinute);
      const minutesAtRate = (tokens - tokensPerMinute) / tokensPerMinute;
      expect(nowMs / 60_000).toBeLessThan(1.1 * minutesAtRate);
      // Put off once for each call that went before it, at most, and that was no attempt. The database's clock runs on while the
      // test's stands still: some are due a moment before there is room for them, and put off once more.
      expect(claimed).toBeLessThanOrEqual(1.1 * 160 * (concurrency + 1));
      expect(most).toBe(0);
    },
  );

  test('is told when it can go on, and what waits is due then', async () => {
    const budget = createTokenBudget({ tokensPerMinute, nowMs: () => nowMs });
    const deps = { ...gateway.workerDeps, embedder: { ...limitTokens(loadStaticEmbedder(), budget), maxBatch: 4 } };
    budget.take('alpha', tokensPerMinute);
    await gateway.upsert('alpha', notes(4));
    const tokens = notes(4).reduce((sum, { title, body }) => sum + deps.embedder.countTokens(`${title}\n${body}`), 0);
    expect(await embedBatch(deps, pauses)).toMatchObject({ claimed: 4, embedded: 0 });
    expect(await embedBatch(deps, pauses)).toMatchObject({ claimed: 0 });
    for (const { attempts, seconds, reason } of await readJobs()) {
      expect([attempts, reason]).toEqual([0, expect.stringMatching(/budget of embedding tokens is used up/)]);
      expect(seconds).toBeGreaterThan((tokens / tokensPerMinute) * 60 - 5);
      expect(seconds).toBeLessThanOrEqual((tokens / tokensPerMinute) * 60 + 1);
    }
  });

  test('is passed by, by a worker that runs, and asked for no more than once until then', async () => {
    const budget = createTokenBudget({ tokensPerMinute: 60 });
    const { calls, embedder } = recording(limitTokens(loadStaticEmbedder(), budget));
    await gateway.upsert('alpha', notes(40));
    const worker = startWorker({ ...gateway.workerDeps, embedder: { ...embedder, maxBatch: 1 } }, log);
    try {
      await expect
        .poll(async () => (await readJobs()).some(({ reason }) => reason !== null), { timeout: 20_000 })
        .toBe(true);
      await gateway.upsert('beta', notes(1));
      worker.wake();
      await expect.poll(() => countVectors('beta'), { timeout: 20_000 }).toBe(1);
    } finally {
      await worker.stop();
    }
    const embedded = await countVectors('alpha');
    expect(embedded).toBeGreaterThan(0);
    // A text is a third of the budget of a minute: how many looks fit into the test is the machine's.
    expect(calls.filter(({ tenant }) => tenant === 'alpha').length).toBeLessThanOrEqual(2 * embedded + 1);
    const jobs = await readJobs();
    expect(jobs.map(({ attempts }) => attempts)).toEqual(jobs.map(() => 0));
    expect(jobs.filter(({ reason }) => reason !== null).length).toBeLessThanOrEqual(embedded + 1);
  });
});

describe('a provider that says when to come back', () => {
  let provider: EmbeddingServer;
  let embedder: Embedder;
  beforeAll(async () => {
    provider = await startEmbeddingServer();
    embedder = createOpenAiEmbedder({
      ...{ baseUrl: provider.baseUrl, model: 'test-embedding', dimensions: 512, timeoutMs: 5_000, maxBatch: 4 },
      retry: { query: { retries: 1, patienceMs: 2_000 }, document: { retries: 3, patienceMs: 20_000 } },
    });
  });
  afterAll(() => provider.close());
  beforeEach(() => {
    provider.behave();
    provider.requests.length = 0;
  });

  test.each([
    ['in two minutes', '120', 120],
    ['in a day, of which an hour is believed', '86400', 3_600],
  ])('is asked again %s, and sent nothing else before', async (_, header, seconds) => {
    let nowMs = 0;
    const pauses = createPauses(() => nowMs);
    const deps = { ...gateway.workerDeps, embedder };
    provider.misbehave({ kind: 'status', status: 429, headers: { 'retry-after': header } }, 1);
    await gateway.upsert('alpha', notes(12));
    expect(await embedBatch(deps, pauses)).toMatchObject({ claimed: 4, embedded: 0 });
    expect(await embedBatch(deps, pauses)).toMatchObject({ claimed: 0 });
    nowMs = seconds * 1_000 - 1;
    expect(await embedBatch(deps, pauses)).toMatchObject({ claimed: 0 });
    expect(provider.requests).toHaveLength(1);
    const putOff = (await readJobs()).filter(({ reason }) => reason !== null);
    expect(putOff.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
    for (const job of putOff) {
      expect(job.seconds).toBeGreaterThan(seconds - 5);
      expect(job.seconds).toBeLessThanOrEqual(1.1 * seconds);
    }
    nowMs += 1;
    expect(await embedBatch(deps, pauses)).toMatchObject({ claimed: 4, embedded: 4 });
  });

  test('has the other calls of the same batch wait as well, and these were no attempts', async () => {
    provider.misbehave({ kind: 'status', status: 429, headers: { 'retry-after': '120' } });
    await gateway.upsert('alpha', notes(12));
    // Calls that begin after the first answer are not sent.
    expect(await embedBatch({ ...gateway.workerDeps, embedder, concurrency: 3 })).toMatchObject({ claimed: 12 });
    const jobs = await readJobs();
    expect(Math.min(...jobs.map(({ seconds }) => seconds))).toBeGreaterThan(115);
    expect(jobs.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(4 * provider.requests.length);
  });
});

test('calls that failed together come back at different times, each call’s texts together', async () => {
  const down = { ...gateway.workerDeps.embedder, maxBatch: 2, embed: () => Promise.reject(new Error('It is down.')) };
  await gateway.upsert('alpha', notes(40));
  await embedBatch({ ...gateway.workerDeps, embedder: down, concurrency: 20 });
  const due = (await readJobs()).map(({ seconds }) => seconds);
  expect(due).toHaveLength(40);
  expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(0.1);
  expect(new Set(due).size).toBeLessThanOrEqual(20);
});
