import type { EmbedderConfig, LocalEmbedderConfig, RemoteEmbedderConfig } from '../config/config.ts';
import { azureProvider } from './azure-provider.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { cohereProvider } from './cohere-provider.ts';
import type { Embedder, EmbedPurpose } from './embedder.ts';
import { findKnownModel } from './known-models.ts';
import { ollamaProvider } from './ollama-provider.ts';
import { openOnnxEmbedder } from './onnx-embedder.ts';
import { openAiProvider } from './openai-provider.ts';
import type { Provider, ProviderModel } from './provider.ts';
import { createRemoteEmbedder } from './remote-embedder.ts';
import { loadStaticEmbedder } from './static-embedder.ts';
import { openTokenCounter } from './token-counter.ts';
import type { RequestOutcome } from './usage.ts';
import { voyageProvider } from './voyage-provider.ts';

/** A person waits for a query, so it is repeated once and soon; a document can wait, but a worker that stops waits with it. */
const queryPatienceMs = 2_000;
const documentPatienceMs = 20_000;

/** A text cannot be too long for a model of which nothing is known: chunks are of 2,000 tokens at most. */
const unknownMaxTokens = 8_191;

/** What a log is told of a provider. */
interface EmbedderObserver {
  /** Of every request, when it ends. */
  readonly onRequest?: (outcome: RequestOutcome) => void;
  /** How long the provider is left alone; 0 when it is back. */
  readonly onCircuit?: (openMs: number) => void;
}

/**
 * The embedder that the configuration names.
 * @throws {StartupError} when it cannot be used as configured.
 */
export async function openEmbedder(
  config: EmbedderConfig,
  { onRequest, onCircuit }: EmbedderObserver = {},
): Promise<Embedder> {
  if (config.kind === 'static') return loadStaticEmbedder();
  if (config.kind === 'local') return openLocalEmbedder(config);
  const { model, dimensions, timeoutMs, batchSize, retries } = config;
  return createRemoteEmbedder(createProvider(config), {
    model,
    dimensions,
    timeoutMs,
    maxBatch: batchSize,
    maxTokens: config.maxTokens ?? findKnownModel(model)?.maxTokens ?? unknownMaxTokens,
    prefixes: choosePrefixes(config),
    countTokens: await openTokenCounter(model),
    retry: {
      query: { retries: Math.min(retries, 1), patienceMs: queryPatienceMs },
      document: { retries, patienceMs: documentPatienceMs },
    },
    breaker: createCircuitBreaker({ onChange: onCircuit }),
    onRequest,
  });
}

/** Whether a model was trained so that vectors can be shortened: as the settings say, else as its card says. */
export function isMatryoshka({ model, matryoshka }: RemoteEmbedderConfig | LocalEmbedderConfig): boolean | undefined {
  return matryoshka ?? findKnownModel(model)?.matryoshka;
}

function createProvider(config: RemoteEmbedderConfig): Provider {
  const { model, dimensions, baseUrl } = config;
  const apiKey = config.apiKey?.reveal();
  // OpenAI's models of today all were. A server whose model was not may answer 400; the settings can say so then.
  const asks = isMatryoshka(config) ?? (config.kind === 'openai' || config.kind === 'azure');
  const asked: ProviderModel = { model, requestDimensions: asks ? dimensions : undefined };
  switch (config.kind) {
    case 'openai':
      return openAiProvider({ baseUrl, apiKey, encoding: config.encoding }, asked);
    case 'azure': {
      const { deployment, apiVersion, encoding } = config;
      return azureProvider({ baseUrl, apiKey, deployment, apiVersion, encoding }, asked);
    }
    case 'voyage':
      return voyageProvider({ baseUrl, apiKey, encoding: config.encoding }, asked);
    case 'cohere':
      return cohereProvider({ baseUrl, apiKey }, asked);
    case 'ollama':
      return ollamaProvider({ baseUrl, apiKey }, asked);
  }
}

function choosePrefixes(config: RemoteEmbedderConfig | LocalEmbedderConfig): Record<EmbedPurpose, string> {
  // These two are told the purpose, and add what the model needs.
  const known =
    config.kind === 'cohere' || config.kind === 'voyage' ? undefined : findKnownModel(config.model)?.prefixes;
  const { query = known?.query ?? '', document = known?.document ?? '' } = config.prefixes;
  return { query, document };
}

function openLocalEmbedder(config: LocalEmbedderConfig): Promise<Embedder> {
  const { model, dimensions, batchSize, dtype, modelDir, download } = config;
  const known = findKnownModel(model);
  return openOnnxEmbedder({
    ...{ model, dimensions, dtype, modelDir, download },
    matryoshka: isMatryoshka(config) ?? false,
    pooling: config.pooling ?? known?.pooling ?? 'mean',
    layerNorm: known?.layerNorm ?? false,
    prefixes: choosePrefixes(config),
    maxTokens: config.maxTokens ?? known?.maxTokens ?? 512,
    maxBatch: batchSize,
  });
}
