import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { findKnownModel } from '../../../src/embed/known-models.ts';
import { openEmbedder } from '../../../src/embed/open-embedder.ts';
import { startEmbeddingServer } from '../../support/embedding-server.ts';

test.each([
  'nomic-embed-text-v1.5',
  'nomic-ai/Nomic-Embed-Text-v1.5',
  'nomic-embed-text:latest',
  'library/nomic-embed-text',
])('%s is known', (name) => {
  expect(findKnownModel(name)).toMatchObject({ matryoshka: true, layerNorm: true });
});

test.each(['nomic', 'my-nomic-embed-text', 'bge-m3-onnx', ''])('%j is not', (name) => {
  expect(findKnownModel(name)).toBeUndefined();
});

const settings = { EMBEDDER: 'openai', EMBEDDING_DIMENSIONS: '256' };

test.each([
  ['those of the model', { EMBEDDING_MODEL: 'intfloat/e5-base-v2' }, 'query: hot water'],
  ['those of the settings', { EMBEDDING_MODEL: 'e5-base-v2', EMBEDDING_QUERY_PREFIX: 'ask: ' }, 'ask: hot water'],
  ['none where the settings say so', { EMBEDDING_MODEL: 'e5-base-v2', EMBEDDING_QUERY_PREFIX: 'none' }, 'hot water'],
  ['none for an unknown model', { EMBEDDING_MODEL: 'unheard-of' }, 'hot water'],
])('prefixes are %s', async (_, env, sent) => {
  await using server = await startEmbeddingServer({ dimensions: 256 });
  const { embedder } = loadConfig({ ...settings, ...env, EMBEDDING_BASE_URL: server.baseUrl });
  await (await openEmbedder(embedder)).embed(['hot water'], { purpose: 'query' });
  expect(server.requests[0]?.body.input).toEqual([sent]);
});

test('a length is asked for where the model was trained for it, or the settings say so', async () => {
  await using server = await startEmbeddingServer({ dimensions: 256 });
  for (const env of [
    { EMBEDDING_MODEL: 'text-embedding-3-large' },
    { EMBEDDING_MODEL: 'bge-m3' },
    { EMBEDDING_MODEL: 'bge-m3', EMBEDDING_MATRYOSHKA: 'true' },
    { EMBEDDING_MODEL: 'unheard-of' },
  ]) {
    const { embedder } = loadConfig({ ...settings, ...env, EMBEDDING_BASE_URL: server.baseUrl });
    await (await openEmbedder(embedder)).embed(['hot water'], { purpose: 'query' });
  }
  expect(server.requests.map(({ body }) => body.dimensions)).toEqual([256, undefined, 256, 256]);
});
