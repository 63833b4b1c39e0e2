import type { EmbedPurpose } from './embedder.ts';

/** How the vectors of a text's tokens become one: their mean, or that of the first token. */
export type Pooling = 'mean' | 'cls';

/** What is published of a model, so that nobody need look it up. Settings come before it. */
export interface KnownModel {
  /** As its providers call it, in lower case, without a publisher before it and a tag behind it. */
  readonly names: readonly string[];
  /** Whether the first components of a vector are a shorter vector ("Matryoshka" training). */
  readonly matryoshka: boolean;
  /** Tokens of the longest text. */
  readonly maxTokens: number;
  /** The vocabulary that it counts tokens by, where Tessera has it. */
  readonly vocabulary?: 'cl100k_base';
  /** What it was trained to see before a text; providers with input types of their own add it themselves. */
  readonly prefixes?: Readonly<Record<EmbedPurpose, string>>;
  /** Where it runs in this process. */
  readonly pooling?: Pooling;
  /** Whether vectors are centred and scaled before they are shortened. */
  readonly layerNorm?: boolean;
}

const toPassages = { query: 'Represent this sentence for searching relevant passages: ', document: '' };

/** From the models' own cards. docs/embedders.md has the same table. */
export const knownModels: readonly KnownModel[] = [
  {
    names: ['text-embedding-3-small', 'text-embedding-3-large'],
    matryoshka: true,
    maxTokens: 8_191,
    vocabulary: 'cl100k_base',
  },
  { names: ['text-embedding-ada-002'], matryoshka: false, maxTokens: 8_191, vocabulary: 'cl100k_base' },
  { names: ['embed-v4.0'], matryoshka: true, maxTokens: 128_000 },
  { names: ['embed-english-v3.0', 'embed-multilingual-v3.0'], matryoshka: false, maxTokens: 512 },
  {
    names: ['voyage-3-large', 'voyage-3.5', 'voyage-3.5-lite', 'voyage-code-3'],
    matryoshka: true,
    maxTokens: 32_000,
  },
  {
    names: ['nomic-embed-text-v1.5', 'nomic-embed-text'],
    matryoshka: true,
    // It reads 8,192, and Ollama sets it up for 2,048.
    maxTokens: 2_048,
    prefixes: { query: 'search_query: ', document: 'search_document: ' },
    pooling: 'mean',
    layerNorm: true,
  },
  {
    names: ['snowflake-arctic-embed-m-v1.5'],
    matryoshka: true,
    maxTokens: 512,
    prefixes: toPassages,
    pooling: 'cls',
  },
  {
    names: ['mxbai-embed-large-v1', 'mxbai-embed-large'],
    matryoshka: true,
    maxTokens: 512,
    prefixes: toPassages,
    pooling: 'cls',
  },
  {
    names: ['bge-base-en-v1.5', 'bge-large-en-v1.5'],
    matryoshka: false,
    maxTokens: 512,
    prefixes: toPassages,
    pooling: 'cls',
  },
  { names: ['bge-m3'], matryoshka: false, maxTokens: 8_192, pooling: 'cls' },
  {
    names: ['e5-base-v2', 'e5-large-v2', 'multilingual-e5-base', 'multilingual-e5-large'],
    matryoshka: false,
    maxTokens: 512,
    prefixes: { query: 'query: ', document: 'passage: ' },
    pooling: 'mean',
  },
  { names: ['all-minilm-l6-v2', 'all-minilm'], matryoshka: false, maxTokens: 256, pooling: 'mean' },
];

/** What is known of a model, under any of the names that it goes by: `nomic-ai/Nomic-Embed-Text-v1.5`, `nomic-embed-text:latest`. */
export function findKnownModel(model: string): KnownModel | undefined {
  const name = model
    .toLowerCase()
    .replace(/^.*\//, '')
    .replace(/:[^:]*$/, '');
  return knownModels.find(({ names }) => names.includes(name));
}
