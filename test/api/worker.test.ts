import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { transact } from '../../src/db/database.ts';
import { workerScope } from '../../src/db/scope.ts';
import type { Embedder } from '../../src/embed/embedder.ts';
import { createOpenAiEmbedder } from '../../src/embed/openai-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { upsertDocuments } from '../../src/ingest/upsert-documents.ts';
import { createLogger } from '../../src/log.ts';
import { claimJobsStatement } from '../../src/worker/job-statements.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
import { drain, startWorker } from '../../src/worker/worker.ts';
import { type EmbeddingServer, type Misbehaviour, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';
import { principalOf } from '../support/principal.ts';

const dimensions = 512;

let provider: EmbeddingServer;
let embedder: Embedder;
let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  provider = await startEmbeddingServer();
  embedder = createOpenAiEmbedder({
    baseUrl: provider.baseUrl,
    apiKey: 'key-of-the-test',
    model: 'test-embedding',
    dimensions,
    timeoutMs: 300,
    maxBatch: 8,
  });
  gateway = await openTestGateway({ embedder });
  client = await openClient(gateway, 'alpha');
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});
afterEach(async () => {
  provider.behave();
  const { edges } = await client.documents(undefined, { first: 100 });
  await client.delete(edges.map(({ node }) => node.id));
});

const documents = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    externalId: `d${i}`,
    collection: 'c',
    title: `Title ${i}`,
    body: `Text number ${i}.`,
  }));

interface Job {
  readonly attempts: number;
  readonly last_error: string | null;
  /** When it may be claimed, by the clock of the database, in seconds. */
  readonly available: number;
}

async function readJobs(): Promise<Job[]> {
  const { rows } = await gateway.db.owner.query<Job>(
    `select attempts, last_error, extract(epoch from available_at)::float8 as available from embedding_jobs order by chunk_id`,
  );
  return rows;
}

/** The clock of the database, in seconds. */
async function readClock(): Promise<number> {
  const { rows } = await gateway.db.owner.query<{ now: number }>(
    'select extract(epoch from clock_timestamp())::float8 as now',
  );
  return rows[0]!.now;
}

/** Does something, and expects every job to wait for so many seconds from then on, as the case may be a random part of them. */
async function expectWait(seconds: number, work: () => Promise<unknown>, least = seconds): Promise<Job[]> {
  const before = await readClock();
  await work();
  const after = await readClock();
  const jobs = await readJobs();
  for (const { available } of jobs) {
    expect(available).toBeGreaterThanOrEqual(before + least);
    expect(available).toBeLessThanOrEqual(after + seconds);
  }
  return jobs;
}

/** As if the time had come. */
const letTimePass = () => gateway.db.owner.query('update embedding_jobs set available_at = now()');

async function countVectors(): Promise<number> {
  const { rows } = await gateway.db.owner.query<{ n: number }>('select count(*)::int as n from embeddings');
  return rows[0]!.n;
}

const chunkIds = async () =>
  (await gateway.db.owner.query<{ id: string }>('select id from chunks order by id')).rows.map(({ id }) => id);

describe('a provider that fails', () => {
  test.each<[string, Misbehaviour, RegExp]>([
    ['is too slow', { kind: 'delay', delayMs: 600 }, /did not answer within 300 ms/],
    ['is down', { kind: 'status', status: 503 }, /HTTP status 503/],
    ['hangs up', { kind: 'cut', after: 'nothing' }, /cannot be reached/],
    ['sends NaN', { kind: 'notANumber' }, /./],
    ['sends too few vectors', { kind: 'wrongCount' }, /./],
    ['sends vectors of another length', { kind: 'wrongDimensions' }, /./],
  ])('and %s puts jobs off with the reason, and loses none', async (_, misbehaviour, reason) => {
    await client.upsert(documents(3));
    provider.misbehave(misbehaviour);
    const jobs = await expectWait(1, async () => expect(await gateway.embedAll()).toBe(0), 0.5);
    expect(jobs).toHaveLength(3);
    for (const job of jobs) {
      expect(job).toMatchObject({ attempts: 1, last_error: expect.stringMatching(reason) });
      expect(job.last_error).not.toMatch(/key-of-the-test|Text number/);
    }
    expect(await countVectors()).toBe(0);
    provider.behave();
    await letTimePass();
    expect(await gateway.embedAll()).toBe(3);
    expect([await readJobs(), await countVectors()]).toEqual([[], 3]);
  });

  test('is asked again after 1, 2, 4 seconds and so on, ten minutes at most, or up to half of that sooner', async () => {
    await client.upsert(documents(1));
    provider.misbehave({ kind: 'status', status: 503 });
    const waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600];
    for (const [attempt, seconds] of waits.entries()) {
      await letTimePass();
      const [job] = await expectWait(seconds, () => gateway.embedAll(), seconds / 2);
      expect(job?.attempts).toBe(attempt + 1);
    }
  });

  test('leaves documents to be found by their words, and says what waits', async () => {
    provider.misbehave({ kind: 'status', status: 503 });
    await client.upsert(documents(2));
    await gateway.embedAll();
    expect(externalIds(await client.search({ text: 'number 1', mode: 'KEYWORD' }))).toContain('d1');
    expect(await client.query('{ tenant { chunks pendingChunks } }')).toEqual({
      tenant: { chunks: 2, pendingChunks: 2 },
    });
  });
});

describe('a worker that dies between claiming and writing', () => {
  test('gives its jobs back when the lease runs out', async () => {
    await client.upsert(documents(3));
    const { worker } = gateway.db;
    const claim = claimJobsStatement(gateway.workerDeps.modelId, 10, 120);
    await expectWait(120, async () => {
      expect(await transact(worker, workerScope(), (execute) => execute(claim))).toHaveLength(3);
    });
    expect(await gateway.embedAll()).toBe(0);
    await letTimePass();
    expect(await gateway.embedAll()).toBe(3);
    expect([await readJobs(), await countVectors()]).toEqual([[], 3]);
  });

  test('and comes back late does no harm', async () => {
    await client.upsert(documents(1));
    const release = Promise.withResolvers<void>();
    const slow: Embedder = {
      ...embedder,
      embed: async (texts, options) => {
        await release.promise;
        return embedder.embed(texts, options);
      },
    };
    const late = drain({ ...gateway.workerDeps, embedder: slow });
    while ((await readJobs())[0]?.attempts !== 1) await wait(5);
    await letTimePass();
    expect(await gateway.embedAll()).toBe(1);
    release.resolve();
    await late;
    expect([await readJobs(), await countVectors()]).toEqual([[], 1]);
  });
});

describe('a document that changes while it is embedded', () => {
  /** Does something while the provider works. */
  const meanwhile = (work: () => Promise<unknown>): Embedder => ({
    ...embedder,
    embed: async (texts, options) => {
      const vectors = await embedder.embed(texts, options);
      await work();
      return vectors;
    },
  });

  test('has the vectors of its new text only', async () => {
    await client.upsert(documents(2));
    const old = await chunkIds();
    let isFirst = true;
    const changing = meanwhile(async () => {
      if (isFirst) await client.upsert([{ ...documents(1)[0]!, body: 'Another text.' }]);
      isFirst = false;
    });
    await drain({ ...gateway.workerDeps, embedder: changing });
    const { rows } = await gateway.db.owner.query<{ chunk_id: string }>('select chunk_id from embeddings order by 1');
    expect(rows.map(({ chunk_id: id }) => id)).toEqual(await chunkIds());
    expect(rows.filter(({ chunk_id: id }) => old.includes(id))).toHaveLength(1);
    expect(await readJobs()).toEqual([]);
  });

  test('or is deleted leaves nothing behind', async () => {
    const stored = await client.upsert(documents(3));
    await drain({ ...gateway.workerDeps, embedder: meanwhile(() => client.delete(stored.map(({ id }) => id))) });
    expect([await readJobs(), await countVectors(), await chunkIds()]).toEqual([[], 0, []]);
  });
});

describe('several workers', () => {
  test('share the jobs: every chunk is sent to the provider once', async () => {
    const beta = await openClient(gateway, 'beta');
    await client.upsert(documents(40));
    await beta.upsert(documents(40));
    const sentBefore = provider.requests.length;
    const embedded = await Promise.all(Array.from({ length: 4 }, () => gateway.embedAll()));
    expect(embedded.reduce((sum, count) => sum + count, 0)).toBe(80);
    const sent = provider.requests.slice(sentBefore).flatMap(({ body }) => body.input);
    expect(sent).toHaveLength(80);
    expect([await readJobs(), await countVectors()]).toEqual([[], 80]);
    await beta.delete((await beta.documents(undefined, { first: 100 })).edges.map(({ node }) => node.id));
  });

  test('send the texts of one tenant at a time', async () => {
    const beta = await openClient(gateway, 'beta');
    await client.upsert([{ externalId: 'a', collection: 'c', title: 'Alpha', body: 'Of alpha.' }]);
    await beta.upsert([{ externalId: 'b', collection: 'c', title: 'Beta', body: 'Of beta.' }]);
    const sentBefore = provider.requests.length;
    await gateway.embedAll();
    expect(
      provider.requests
        .slice(sentBefore)
        .map(({ body }) => body.input)
        .sort(),
    ).toEqual([['Alpha\nOf alpha.'], ['Beta\nOf beta.']]);
    await beta.delete((await beta.documents()).edges.map(({ node }) => node.id));
  });
});

describe('a chunk with no vector to be had', () => {
  const strange = (vectorOf: (index: number) => Float32Array | null): Embedder => ({
    ...embedder,
    embed: async (texts) => texts.map((_, index) => vectorOf(index)),
  });
  const usable = new Float32Array(dimensions).fill(1 / Math.sqrt(dimensions));
  const withoutCoarse = new Float32Array(dimensions).fill(0, 0, 256).fill(1 / 16, 256);

  test.each([
    ['because the model knows nothing of it', null],
    ['because its vector has no coarse part', withoutCoarse],
  ])('is marked once and not tried again, and holds up no other: %s', async (_, vector) => {
    await client.upsert(documents(3));
    await drain({ ...gateway.workerDeps, embedder: strange((index) => (index === 1 ? vector : usable)) });
    expect([await readJobs(), await countVectors()]).toEqual([[], 2]);
    expect(await client.query('{ tenant { pendingChunks unembeddableChunks } }')).toEqual({
      tenant: { pendingChunks: 0, unembeddableChunks: 1 },
    });
    expect((await client.search({ text: 'number', mode: 'KEYWORD' })).edges).toHaveLength(3);
  });
});

describe('the loop of a worker', () => {
  const log = () => {
    const lines: { level: string; msg: string }[] = [];
    return {
      lines,
      logger: createLogger({ level: 'info', destination: { write: (line) => lines.push(JSON.parse(line)) } }),
    };
  };
  const untilEmbedded = async (count: number) => {
    while ((await countVectors()) < count) await wait(10);
  };

  test('embeds at once what it is woken for, and stops when told', async () => {
    const worker = startWorker(gateway.workerDeps, log().logger);
    try {
      await wait(50);
      const took: number[] = [];
      for (let round = 1; round <= 3; round++) {
        const started = performance.now();
        const deps = { ...gateway.deps, onPending: () => worker.wake() };
        await upsertDocuments(deps, principalOf('alpha'), documents(round));
        await untilEmbedded(round);
        took.push(performance.now() - started);
      }
      // By itself it looks once a second; on a busy machine one round may take long.
      expect(Math.min(...took)).toBeLessThan(900);
    } finally {
      await worker.stop();
    }
    await client.upsert([{ ...documents(1)[0]!, body: 'Later.' }]);
    await wait(100);
    expect(await readJobs()).toHaveLength(1);
  });

  test('finds by itself what nobody woke it for', async () => {
    const worker = startWorker(gateway.workerDeps, log().logger);
    try {
      await wait(50);
      await client.upsert(documents(2));
      await untilEmbedded(2);
    } finally {
      await worker.stop();
    }
  });

  test('outlives a database that fails, and says so', async () => {
    let failures = 2;
    const { worker: database } = gateway.db;
    const flaky = new Proxy(database.pool, {
      get: (pool, name) => {
        if (name === 'connect' && failures-- > 0) {
          return () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
        }
        const value: unknown = Reflect.get(pool, name, pool);
        return typeof value === 'function' ? value.bind(pool) : value;
      },
    });
    await client.upsert(documents(1));
    const { lines, logger } = log();
    const worker = startWorker({ ...gateway.workerDeps, database: { ...database, pool: flaky } }, logger);
    try {
      await untilEmbedded(1);
    } finally {
      await worker.stop();
    }
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ level: 'error', msg: expect.stringContaining('tries again') });
  });

  test('that is stopped finishes the batch in hand, and begins no other', async () => {
    provider.misbehave({ kind: 'delay', delayMs: 150 });
    await client.upsert(documents(3 * embedder.maxBatch));
    const worker = startWorker(gateway.workerDeps, log().logger);
    while (!(await readJobs()).some(({ attempts }) => attempts > 0)) await wait(5);
    await worker.stop();
    const jobs = await readJobs();
    expect(jobs.length + (await countVectors())).toBe(3 * embedder.maxBatch);
    expect(jobs.length).toBeGreaterThan(0);
    for (const job of jobs) expect(job).toMatchObject({ attempts: 0, last_error: null });
  });
});

describe('what a worker counts', () => {
  const counted = async (tenant: string) => {
    const { rows } = await gateway.db.owner.query<{ chunks: number; corpus: number }>(
      `select s.chunks, c.chunks as corpus from term_stats s join corpus_stats c using (tenant_id, language)
       where s.tenant_id = $1 and s.term = term_id('zeppelin')`,
      [tenant],
    );
    return rows;
  };

  test('are the words of each tenant for itself', async () => {
    const airship = (i: number) => ({ externalId: `z${i}`, collection: 'c', title: 'Airship', body: `Zeppelin ${i}.` });
    const others = await Promise.all(['gamma', 'delta'].map((tenant) => openClient(gateway, tenant)));
    await others[0]!.upsert([airship(1), airship(2)]);
    await others[1]!.upsert([...documents(4), airship(1)]);
    await gateway.embedAll();
    expect(await counted('gamma')).toEqual([{ chunks: 2, corpus: 2 }]);
    expect(await counted('delta')).toEqual([{ chunks: 1, corpus: 5 }]);
  });

  test('may take longer than a statement of a request', async () => {
    const zeta = await openClient(gateway, 'zeta');
    const body = Array.from({ length: 4_000 }, (_, i) => `word${i}`).join(' ');
    await zeta.upsert([{ externalId: 'z', collection: 'c', title: 'Zeta', body }]);
    const { worker } = gateway.db;
    const hasty = { ...worker, scopeDefaults: { ...worker.scopeDefaults, statementTimeoutMs: 1 } };
    expect(await refreshTermStats(hasty, parseTenantId('zeta'))).toEqual(['english']);
  });

  test('follows a corpus that is rewritten without growing', async () => {
    const epsilon = await openClient(gateway, 'epsilon');
    const write = (from: number, to: number, body: string) =>
      epsilon.upsert(
        documents(40)
          .slice(from, to)
          .map((document) => ({ ...document, body })),
      );
    await write(0, 40, 'Of ships.');
    await gateway.embedAll();
    expect(await counted('epsilon')).toEqual([]);
    // Five per cent are forty chunks' two: the third one tips it.
    for (let i = 0; i < 2; i++) {
      await write(i, i + 1, 'Of zeppelins.');
      await gateway.embedAll();
    }
    expect(await counted('epsilon')).toEqual([]);
    await write(2, 3, 'Of zeppelins.');
    await gateway.embedAll();
    expect(await counted('epsilon')).toEqual([{ chunks: 3, corpus: 40 }]);
  });
});
