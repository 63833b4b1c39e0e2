import { join } from 'node:path';
import type { EmbedderConfig } from './config.ts';
import { type ModelVariable, modelVariables, nextPrefix } from './embedding-variables.ts';
import type { Values } from './variables.ts';

type ModelValues = Pick<Values, ModelVariable | 'DATA_DIR'>;

/** Address of the services that have one. */
const defaultBaseUrls = {
  openai: '',
  azure: '',
  ollama: 'http://localhost:11434',
  cohere: 'https://api.cohere.com/v2',
  voyage: 'https://api.voyageai.com/v1',
} as const;

/** The embedder of faultless values. */
export function buildEmbedder(values: ModelValues): EmbedderConfig {
  const { EMBEDDER: kind, EMBEDDING_MODEL: model, EMBEDDING_DIMENSIONS: dimensions } = values;
  // A rule has refused any other embedder without these two.
  if (kind === 'static' || model === undefined || dimensions === undefined) return { kind: 'static' };
  const named = {
    model,
    dimensions,
    matryoshka: values.EMBEDDING_MATRYOSHKA,
    prefixes: {
      query: readPrefix(values.EMBEDDING_QUERY_PREFIX),
      document: readPrefix(values.EMBEDDING_DOCUMENT_PREFIX),
    },
    maxTokens: values.EMBEDDING_MAX_TOKENS,
    batchSize: values.EMBEDDING_BATCH_SIZE,
  };
  if (kind === 'local') {
    return {
      kind,
      ...named,
      modelDir: values.EMBEDDING_MODEL_DIR ?? join(values.DATA_DIR, 'models'),
      download: values.EMBEDDING_MODEL_DOWNLOAD ?? false,
      dtype: values.EMBEDDING_MODEL_DTYPE ?? 'fp32',
      pooling: values.EMBEDDING_POOLING,
    };
  }
  const service = {
    ...named,
    baseUrl: values.EMBEDDING_BASE_URL ?? defaultBaseUrls[kind],
    apiKey: values.EMBEDDING_API_KEY,
    timeoutMs: values.EMBEDDING_TIMEOUT_MS,
    retries: values.EMBEDDING_RETRIES,
  };
  const encoding = values.EMBEDDING_ENCODING ?? 'base64';
  switch (kind) {
    case 'azure': {
      const deployment = values.EMBEDDING_AZURE_DEPLOYMENT ?? model;
      return { kind, ...service, encoding, deployment, apiVersion: values.EMBEDDING_AZURE_API_VERSION ?? '2024-10-21' };
    }
    case 'openai':
    case 'voyage':
      return { kind, ...service, encoding };
    default:
      return { kind, ...service };
  }
}

/** The second embedder of faultless values; undefined where there is none. */
export function buildNextEmbedder(values: Values): EmbedderConfig | undefined {
  if (values.NEXT_EMBEDDER === undefined) return undefined;
  const named = modelVariables.map((name) => [name, values[`${nextPrefix}${name}`]]);
  return buildEmbedder({ ...(Object.fromEntries(named) as ModelValues), DATA_DIR: values.DATA_DIR });
}

/** An empty variable counts as unset, so that no prefix at all needs a word. */
function readPrefix(text: string | undefined): string | undefined {
  return text === 'none' ? '' : text;
}
