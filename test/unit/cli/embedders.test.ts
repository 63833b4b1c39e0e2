import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbedders } from '../../../src/cli/embedders.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { createLogger } from '../../../src/log.ts';
import { createEmbeddingMetrics } from '../../../src/telemetry/embedding-metrics.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../../support/embedding-server.ts';

const dimensions = 384;
let active: EmbeddingServer;
let next: EmbeddingServer;
beforeAll(async () => {
  [active, next] = await Promise.all([startEmbeddingServer(), startEmbeddingServer()]);
});
afterAll(() => Promise.all([active.close(), next.close()]));

test('two providers of one kind are told apart by metrics and log, whichever of them is down', async () => {
  const registry = new Registry();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const config = loadConfig({
    ...{ EMBEDDER: 'openai', EMBEDDING_BASE_URL: active.baseUrl, EMBEDDING_MODEL: 'old-model' },
    ...{ EMBEDDING_DIMENSIONS: `${dimensions}`, EMBEDDING_RETRIES: '0' },
    ...{ NEXT_EMBEDDER: 'openai', NEXT_EMBEDDING_BASE_URL: next.baseUrl, NEXT_EMBEDDING_MODEL: 'new-model' },
    ...{ NEXT_EMBEDDING_DIMENSIONS: `${dimensions}`, NEXT_EMBEDDING_RETRIES: '0' },
  });
  const opened = await openEmbedders(config, log, createEmbeddingMetrics(registry));
  const series = async (name: string) =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  const ofActive = 'provider="openai",model="old-model"';
  const ofNext = 'provider="openai",model="new-model"';
  expect(await series('tessera_embedding_circuit_open')).toEqual([
    `tessera_embedding_circuit_open{${ofActive}} 0`,
    `tessera_embedding_circuit_open{${ofNext}} 0`,
  ]);

  next.misbehave({ kind: 'status', status: 500 });
  for (let call = 0; call < 5; call++)
    await opened.next?.documents.embed(['a text'], { purpose: 'document' }).catch(() => {});
  await opened.documents.embed(['two words', 'of two texts'], { purpose: 'document' });
  expect(await series('tessera_embedding_circuit_open')).toEqual([
    `tessera_embedding_circuit_open{${ofActive}} 0`,
    `tessera_embedding_circuit_open{${ofNext}} 1`,
  ]);
  const document = 'purpose="document"';
  expect(await series('tessera_embedding_requests_total')).toEqual([
    `tessera_embedding_requests_total{${ofNext},${document},code="EMBEDDER_UNAVAILABLE"} 5`,
    `tessera_embedding_requests_total{${ofActive},${document},code="OK"} 1`,
  ]);
  expect(await series('tessera_embedding_tokens_total')).toEqual([
    `tessera_embedding_tokens_total{${ofNext},${document}} 0`,
    `tessera_embedding_tokens_total{${ofActive},${document}} 2`,
  ]);
  expect(lines.filter(({ msg }) => msg === 'the embedding provider is down and left alone')).toMatchObject([
    { provider: 'openai', model: 'new-model', openMs: 5_000 },
  ]);
  expect(lines.filter(({ msg }) => msg === 'asked the embedding provider').map(({ model }) => model)).toEqual([
    ...Array.from({ length: 5 }, () => 'new-model'),
    'old-model',
  ]);
});

test('tokens of an answer that is of no use were used all the same', async () => {
  const registry = new Registry();
  const config = loadConfig({
    ...{ EMBEDDER: 'openai', EMBEDDING_BASE_URL: active.baseUrl, EMBEDDING_MODEL: 'old-model' },
    ...{ EMBEDDING_DIMENSIONS: `${dimensions}`, EMBEDDING_RETRIES: '0' },
  });
  const { documents } = await openEmbedders(
    config,
    createLogger({ level: 'silent' }),
    createEmbeddingMetrics(registry),
  );
  active.misbehave({ kind: 'notANumber' }, 1);
  await documents.embed(['a text of some twenty letters'], { purpose: 'document' }).catch(() => {});
  const { values } = (await registry.getSingleMetric('tessera_embedding_tokens_total')?.get()) ?? { values: [] };
  expect(values.map(({ value }) => value)).toEqual([documents.countTokens('a text of some twenty letters')]);
});

test('an embedder of the process itself is counted under the name of its model', async () => {
  const registry = new Registry();
  const { documents } = await openEmbedders(
    loadConfig({ EMBEDDER: 'static' }),
    createLogger({ level: 'silent' }),
    createEmbeddingMetrics(registry),
  );
  await documents.embed(['a text'], { purpose: 'document' });
  expect(await registry.metrics()).toContain(
    `tessera_embedding_texts_total{provider="static",model="${documents.model.name}",purpose="document"} 1`,
  );
});
