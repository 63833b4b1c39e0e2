import type { z } from 'zod';
import { choice, flag, plainText, secretText, serviceUrl, wholeNumber } from './value-types.ts';
import { optional, optionalSecret, type Variable, withDefault } from './variable.ts';

// pgvector's `vector` holds at most 16,000 components.
const dimensions = wholeNumber(
  256,
  16_000,
  ' (stage one searches the first 256 components, so a model needs that many)',
);
const path = plainText('a path');
const prefix = plainText('a text', 256);

/** What turns text into vectors. */
export const embedderKinds = ['static', 'openai', 'azure', 'ollama', 'cohere', 'voyage', 'local'] as const;

/** The variables of what turns text into vectors. docs/embedders.md says which belong together. */
const model = {
  EMBEDDER: withDefault(
    choice(...embedderKinds),
    'static',
    'What turns text into vectors: the built-in English table (static), a service that speaks the OpenAI API (openai), Azure OpenAI (azure), Ollama, Cohere, Voyage, or a model in this process (local). docs/embedders.md has an example of each.',
  ),
  EMBEDDING_BASE_URL: optional(
    serviceUrl,
    'Address of the service. openai: up to its version, such as https://api.openai.com/v1, required. azure: of the resource, such as https://NAME.openai.azure.com, required. Unset: http://localhost:11434 (ollama), https://api.cohere.com/v2 (cohere), https://api.voyageai.com/v1 (voyage).',
  ),
  EMBEDDING_API_KEY: optionalSecret(
    secretText(1),
    'Key sent to the service. Required for azure, cohere and voyage. Unset: none is sent.',
  ),
  EMBEDDING_MODEL: optional(
    plainText('the name of a model', 256),
    'Model to ask for, such as text-embedding-3-small. Required for all but static.',
  ),
  EMBEDDING_DIMENSIONS: optional(dimensions, 'Components of a vector, such as 1536. Required for all but static.'),
  EMBEDDING_MATRYOSHKA: optional(
    flag,
    'Whether the model was trained so that the first components of a vector are a shorter vector. If so, EMBEDDING_DIMENSIONS is asked for. Unset: what is known of the model; of an unknown one true for openai and azure, otherwise false.',
  ),
  EMBEDDING_ENCODING: optional(
    choice('base64', 'float'),
    'Form that vectors are asked for in (openai, azure, voyage). float takes four times the bytes, for servers that do not know base64. Unset: base64.',
  ),
  EMBEDDING_QUERY_PREFIX: optional(
    prefix,
    'Put before every query, space at its end included; "none" for nothing. Unset: what is known of the model. Not for cohere and voyage, which are told what a text is.',
  ),
  EMBEDDING_DOCUMENT_PREFIX: optional(
    prefix,
    'Put before every chunk, like EMBEDDING_QUERY_PREFIX. Changing it affects chunks embedded from then on.',
  ),
  EMBEDDING_MAX_TOKENS: optional(
    wholeNumber(32, 1_000_000),
    'Tokens of the longest text that the model reads. Unset: what is known of the model.',
  ),
  EMBEDDING_AZURE_DEPLOYMENT: optional(
    plainText('the name of a deployment', 256),
    'Deployment of the model (azure). Unset: the same as EMBEDDING_MODEL.',
  ),
  EMBEDDING_AZURE_API_VERSION: optional(
    plainText('a version such as 2024-10-21', 64),
    'Version of the API (azure). Unset: 2024-10-21.',
  ),
  EMBEDDING_MODEL_DIR: optional(path, 'Folder of models (local). Unset: "models" in DATA_DIR.'),
  EMBEDDING_MODEL_DOWNLOAD: optional(
    flag,
    'Whether a model that is not in EMBEDDING_MODEL_DIR is fetched from the Hugging Face hub at the first start (local). Unset: false.',
  ),
  EMBEDDING_MODEL_DTYPE: optional(
    choice('fp32', 'fp16', 'q8'),
    'Precision of the weights (local). Unset: fp32. Vectors of another precision are not the same; embed anew after a change.',
  ),
  EMBEDDING_POOLING: optional(
    choice('mean', 'cls'),
    'How the vectors of tokens become one (local), as the card of the model says. Unset: what is known of the model, otherwise mean.',
  ),
  EMBEDDING_TIMEOUT_MS: withDefault(wholeNumber(1, 600_000), '10000', 'Milliseconds to wait for the service.'),
  EMBEDDING_BATCH_SIZE: withDefault(
    wholeNumber(1, 2048),
    '64',
    'Texts sent to the service in one call, at most; never more than it takes.',
  ),
  EMBEDDING_RETRIES: withDefault(
    wholeNumber(0, 10),
    '3',
    'How often a call for chunks is repeated whose failure may pass (rate limit, 5xx, silence), after the time that the service asks for. A call for a query is repeated once at most.',
  ),
} as const;

type Model = typeof model;

/** The name of a variable of the model, which every set of them has. */
export type ModelVariable = keyof Model;
export const modelVariables = Object.keys(model) as ModelVariable[];

/** Before the names of the variables of the second model. */
export const nextPrefix = 'NEXT_';

type Next = {
  readonly [Name in ModelVariable as `${typeof nextPrefix}${Name}`]: Name extends 'EMBEDDER'
    ? Variable<z.output<Model['EMBEDDER']['schema']> | undefined>
    : Model[Name];
};

/** The same for a second model, to or from which tenants move. docs/models.md says how. */
const next = {
  ...Object.fromEntries(
    modelVariables.map((name) => [
      `${nextPrefix}${name}`,
      { ...model[name], doc: `${name} of the second model; see docs/models.md.` },
    ]),
  ),
  NEXT_EMBEDDER: optional(
    choice(...embedderKinds),
    'A second model, while tenants move from one to the other: "tessera models" moves them, and the database says which of the two is a tenant\'s. The variables below are those above, of the second model. Unset: there is none.',
  ),
} as unknown as Next;

/** The variables of what turns text into vectors, and of what is given to it. */
export const embedding = {
  ...model,
  EMBEDDING_TENANT_TOKENS_PER_MINUTE: optional(
    wholeNumber(1, 1_000_000_000),
    'Tokens that each process embeds for one tenant in a minute, at most. Unset: no limit.',
  ),
  CHUNK_TOKENS: withDefault(
    wholeNumber(32, 2000),
    '200',
    'Tokens of a chunk, at most. Changing it affects documents written from then on.',
  ),
  CHUNK_OVERLAP_TOKENS: withDefault(
    wholeNumber(0, 999),
    '40',
    'Tokens that a chunk repeats of the one before it; less than half of CHUNK_TOKENS.',
  ),
  ...next,
} as const;
