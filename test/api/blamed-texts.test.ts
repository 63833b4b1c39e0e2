import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCircuitBreaker } from '../../src/embed/circuit-breaker.ts';
import type { Embedder } from '../../src/embed/embedder.ts';
import { EmbedderError } from '../../src/embed/embedder-error.ts';
import { createOpenAiEmbedder } from '../../src/embed/openai-embedder.ts';
import { createLogger } from '../../src/log.ts';
import { drain, startWorker } from '../../src/worker/worker.ts';
import { type EmbeddingServer, type Misbehaviour, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

let provider: EmbeddingServer;
let gateway: TestGateway;
let client: Client;
beforeAll(async () => {
  provider = await startEmbeddingServer();
  gateway = await openTestGateway({ embedder: open() });
  client = await openClient(gateway, 'alpha');
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});
afterEach(async () => {
  provider.behave();
  await gateway.db.owner.query('delete from documents');
});

/** As a process opens it, but with fewer repeats, and so with fewer failures that open the circuit. */
function open(onChange?: (openMs: number) => void): Embedder {
  return createOpenAiEmbedder({
    ...{ baseUrl: provider.baseUrl, model: 'test-embedding', dimensions: 512, timeoutMs: 250, maxBatch: 16 },
    retry: { query: { retries: 1, patienceMs: 1_000 }, document: { retries: 1, patienceMs: 5_000 } },
    breaker: createCircuitBreaker({ failures: 3, onChange }),
  });
}

const note = (n: number, body = `What is written in note ${n}.`) => ({
  ...{ externalId: `n${n}`, collection: 'c', title: `Note ${n}`, body },
});
const notes = (count: number) => Array.from({ length: count }, (_, n) => note(n));
const letTimePass = () => gateway.db.owner.query('update embedding_jobs set available_at = now()');
const countVectors = async () =>
  (await gateway.db.owner.query<{ n: number }>('select count(*)::int as n from embeddings')).rows[0]!.n;
const readLetters = async () =>
  (
    await client.query<{ deadLetters: { reason: string; document: { externalId: string } }[] }>(
      '{ deadLetters { reason document { externalId } } tenant { pendingChunks } }',
    )
  ).deadLetters;

const ways: [string, Misbehaviour, RegExp][] = [
  ['answers 500', { kind: 'status', status: 500 }, /HTTP status 500/],
  ['answers 503', { kind: 'status', status: 503 }, /HTTP status 503/],
  ['is silent', { kind: 'delay', delayMs: 600 }, /did not answer within 250 ms/],
  ['hangs up', { kind: 'cut', after: 'nothing' }, /cannot be reached, or broke off/],
];

describe.each(ways)('a text over which the provider %s', (_, does, reason) => {
  let changes: number[];
  let embedder: Embedder;
  beforeEach(() => {
    changes = [];
    embedder = open((openMs) => changes.push(openMs));
    provider.misbehave({ kind: 'atWord', word: 'poison', does });
  });
  const round = async () => {
    await drain({ ...gateway.workerDeps, embedder });
    await letTimePass();
  };

  test('holds up no other for long, and is a dead letter after three refusals', async () => {
    await client.upsert([...notes(15), note(15, 'A poison text.')]);
    await round();
    expect(await countVectors()).toBe(0);
    await round();
    expect([await countVectors(), await readLetters()]).toEqual([15, []]);
    await round();
    expect(await readLetters()).toEqual([]);
    await round();
    expect(await readLetters()).toEqual([
      { reason: expect.stringMatching(reason), document: expect.objectContaining({ externalId: 'n15' }) },
    ]);
    expect(changes).toEqual([]);
  });

  test('and that is the only one keeps searches and others waiting for nothing', async () => {
    await client.upsert([note(1, 'A poison text.')]);
    for (let n = 0; n < 4; n++) {
      await round();
      expect(await embedder.embed(['a question'], { purpose: 'query' })).toHaveLength(1);
    }
    expect([(await readLetters()).length, changes]).toEqual([1, []]);
  });
});

test('an outage makes no dead letter, however often it is met by texts that failed before', async () => {
  await client.upsert(notes(5));
  provider.misbehave({ kind: 'status', status: 500 });
  for (let n = 0; n < 8; n++) {
    // A process of its own each time: an open circuit would keep the provider from being asked.
    await drain({ ...gateway.workerDeps, embedder: open() });
    await letTimePass();
  }
  expect([await readLetters(), await countVectors()]).toEqual([[], 0]);
  provider.behave();
  expect(await gateway.embedAll()).toBe(5);
});

test('a text that met an open circuit was not tried, and is not suspected', async () => {
  const embedder = open();
  provider.misbehave({ kind: 'status', status: 500 });
  for (let n = 0; n < 5; n++) await embedder.embed(['a question'], { purpose: 'query' }).catch(() => {});
  await client.upsert(notes(3));
  const before = provider.requests.length;
  const impatient: Embedder = {
    ...embedder,
    embed: (texts, options) => embedder.embed(texts, { ...options, purpose: 'query' }),
  };
  for (let n = 0; n < 3; n++) {
    await drain({ ...gateway.workerDeps, embedder: impatient });
    const { rows } = await gateway.db.owner.query<{ attempts: number }>('select attempts from embedding_jobs');
    expect(rows.map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
    await letTimePass();
  }
  expect(provider.requests.length).toBe(before);
});

test('texts that are sent apart are waited for by no other, and by a worker that stops', async () => {
  const release = Promise.withResolvers<void>();
  const apart = Promise.withResolvers<void>();
  const order: string[] = [];
  const { embedder } = gateway.workerDeps;
  const slow: Embedder = {
    ...embedder,
    embed: async (texts, options) => {
      if (texts.some((text) => text.includes('poison'))) {
        if (texts.length < 16) {
          apart.resolve();
          await release.promise;
        }
        throw new EmbedderError('EMBEDDER_TIMEOUT', 'It is silent.');
      }
      return embedder.embed(texts, options);
    },
  };
  const countOf = async (tenant: string) =>
    (await gateway.db.owner.query('select from embeddings where tenant_id = $1', [tenant])).rowCount;
  await client.upsert([...notes(15), note(15, 'A poison text.')]);
  await drain({ ...gateway.workerDeps, embedder: slow });
  await letTimePass();
  const worker = startWorker({ ...gateway.workerDeps, embedder: slow }, createLogger({ level: 'silent' }));
  try {
    await apart.promise;
    for (let n = 0; n < 3; n++) {
      await gateway.upsert('beta', [note(n)]);
      worker.wake();
      await expect.poll(() => countOf('beta'), { timeout: 10_000 }).toBe(n + 1);
    }
    expect(await countOf('alpha')).toBe(0);
    const { rows } = await gateway.db.owner.query<{ isLeased: boolean }>(
      `select min(available_at) > now() + interval '9 minutes' as "isLeased" from embedding_jobs where tenant_id = 'alpha'`,
    );
    expect(rows).toEqual([{ isLeased: true }]);
  } finally {
    const stopping = worker.stop().then(() => order.push('stopped'));
    // A worker that does not wait ends long before.
    setTimeout(() => {
      order.push('answered');
      release.resolve();
    }, 500);
    await stopping;
  }
  expect(order).toEqual(['answered', 'stopped']);
  expect(await countOf('alpha')).toBe(15);
});
