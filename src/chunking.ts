/**
 * How a text is divided into chunks. `auto` is `code` for a document whose address or external id ends like a file of source
 * code, and otherwise `markdown`.
 */
export const chunkKinds = ['auto', 'markdown', 'recursive', 'code', 'sentence'] as const;
export type ChunkKind = (typeof chunkKinds)[number];

/** What is embedded, and matched by words, with each chunk's text. */
export const chunkContexts = ['none', 'title', 'title_and_headings'] as const;
export type ChunkContext = (typeof chunkContexts)[number];

/** What a collection says of its documents' chunks. */
export interface Chunking {
  readonly kind: ChunkKind;
  /** Most tokens of a chunk; null for the server's. */
  readonly maxTokens: number | null;
  /** Most tokens that a chunk repeats of the one before it; null for a fifth of a chunk, and never more than the server's. */
  readonly overlapTokens: number | null;
  readonly context: ChunkContext;
}

/** Of a collection that says nothing about it. */
export const defaultChunking: Chunking = {
  kind: 'auto',
  maxTokens: null,
  overlapTokens: null,
  context: 'title_and_headings',
};

/** Of `maxTokens`; the same as for the server's own. */
export const chunkTokenLimits = { least: 32, most: 2_000 } as const;
