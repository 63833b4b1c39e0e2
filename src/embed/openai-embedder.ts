import type { VectorEncoding } from '../config/config.ts';
import type { Embedder } from './embedder.ts';
import { openAiProvider } from './openai-provider.ts';
import { createRemoteEmbedder, type RemoteEmbedderOptions } from './remote-embedder.ts';

export interface OpenAiEmbedderOptions extends RemoteEmbedderOptions {
  /** Address that `/embeddings` is added to, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token. Local servers often need none. */
  readonly apiKey?: string | undefined;
  /** Whether requests ask for `dimensions` (default true), which models without Matryoshka training refuse. */
  readonly requestDimensions?: boolean | undefined;
  /** Form that the vectors are asked for in (default `base64`). */
  readonly encodingFormat?: VectorEncoding | undefined;
}

/**
 * An embedder behind an OpenAI-compatible HTTP endpoint, as simple as it gets: no request is repeated unless `retry` says so.
 *
 * ```ts
 * const embedder = createOpenAiEmbedder({
 *   baseUrl: 'https://api.openai.com/v1', apiKey, model: 'text-embedding-3-small', dimensions: 1536,
 *   timeoutMs: 10_000, maxBatch: 256,
 * });
 * const [vector] = await embedder.embed(['How do I get a refund?'], { purpose: 'query' });
 * ```
 * @throws {StartupError} when the options cannot work, such as fewer than 256 dimensions.
 */
export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const { baseUrl, apiKey, model, dimensions, requestDimensions = true, encodingFormat = 'base64' } = options;
  const address = { baseUrl, apiKey, encoding: encodingFormat };
  return createRemoteEmbedder(
    openAiProvider(address, { model, requestDimensions: requestDimensions ? dimensions : undefined }),
    options,
  );
}
