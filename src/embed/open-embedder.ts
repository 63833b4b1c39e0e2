import type { EmbedderConfig } from '../config/config.ts';
import type { Embedder } from './embedder.ts';
import { createOpenAiEmbedder } from './openai-embedder.ts';
import { loadStaticEmbedder } from './static-embedder.ts';

/**
 * The embedder that the configuration names.
 * @throws {StartupError} when it cannot be used as configured.
 */
export function openEmbedder(config: EmbedderConfig): Embedder {
  if (config.kind === 'static') return loadStaticEmbedder();
  const { baseUrl, apiKey, model, dimensions, timeoutMs, batchSize } = config;
  return createOpenAiEmbedder({ baseUrl, apiKey: apiKey?.reveal(), model, dimensions, timeoutMs, maxBatch: batchSize });
}
