import { expect, test } from 'vitest';
import { chunkingFor } from '../../../src/cli/embedders.ts';
import { createWorkerDeps } from '../../../src/cli/worker-deps.ts';
import { type Environment, loadConfig } from '../../../src/config/load-config.ts';
import type { Database } from '../../../src/db/database.ts';
import { loadStaticEmbedder } from '../../../src/embed/static-embedder.ts';
import { createLogger } from '../../../src/log.ts';

const embedder = loadStaticEmbedder();
const second = {
  ...{ NEXT_EMBEDDER: 'openai', NEXT_EMBEDDING_BASE_URL: 'http://localhost:9/v1', NEXT_EMBEDDING_MODEL: 'm' },
  NEXT_EMBEDDING_DIMENSIONS: '512',
};

test.each<[Environment, number, number]>([
  [{}, 4, 4],
  [{ WORKER_CONCURRENCY: '7' }, 7, 7],
  [{ WORKER_CONCURRENCY: '7', NEXT_WORKER_CONCURRENCY: '2' }, 7, 2],
])('a worker has as many calls of each model at a time as the configuration says: %o', (env, own, others) => {
  const models = { modelId: 1, embedder, other: { modelId: 2, embedder } };
  const log = createLogger({ level: 'silent' });
  const deps = createWorkerDeps(loadConfig({ ...env, ...second }), {} as Database, models, log);
  expect([deps.concurrency, deps.other?.concurrency]).toEqual([own, others]);
});

test.each([
  [undefined, 8_192],
  [{ ...embedder, maxTokens: 512 }, 512],
  [{ ...embedder, maxTokens: 32_000 }, 8_192],
])('chunks are whole to both models (%#)', (next, modelTokens) => {
  const { chunk } = loadConfig({});
  expect(chunkingFor(embedder, next, chunk)).toEqual({ ...chunk, countTokens: embedder.countTokens, modelTokens });
});
