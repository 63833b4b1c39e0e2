import type { EmbedderUsage } from './usage.ts';

/** What tells one embedding model from another. Two vectors may be compared only when these agree. */
export interface ModelIdentity {
  /** Stable name, recorded in the `models` table, such as `static-en-512` or `text-embedding-3-small`. */
  readonly name: string;
  /** Components of the full vector, at least 256 (the coarse vector's length). */
  readonly dimensions: number;
}

/**
 * How much each half counts in rank fusion. A property of the model: a weaker model is outvoted by keywords,
 * a stronger one is not (DESIGN rule 20; the built-in table uses 2 : 1).
 */
export interface FusionWeights {
  readonly keyword: number;
  readonly semantic: number;
}

/** Some models embed a question and a passage differently. */
export type EmbedPurpose = 'query' | 'document';

export interface EmbedOptions {
  readonly purpose: EmbedPurpose;
  /** Ends the call early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whose call it is: what is remembered of it is remembered for them alone, and its tokens are taken from their budget, where
   * tenants have one (see `limitTokens`).
   */
  readonly tenantId?: string | undefined;
  /**
   * Whether a text of the call may be what makes the provider fail. It is repeated only where it is one text, because several
   * are sent apart next, and its failure does not count as the provider's.
   */
  readonly isSuspect?: boolean | undefined;
}

/** Turns texts into full vectors. */
export interface Embedder {
  readonly model: ModelIdentity;
  readonly fusionWeights: FusionWeights;
  /** Tokens of the longest text that the model reads whole. */
  readonly maxTokens: number;
  /** Texts of the largest batch worth sending at once. */
  readonly maxBatch: number;
  /** What was sent so far, for providers that cost something. */
  readonly usage?: () => EmbedderUsage;
  /** Number of tokens in a text, exact for the built-in table and a close estimate for remote models. */
  countTokens(text: string): number;
  /**
   * Embeds texts, in order. Each result is a unit-length vector of `model.dimensions` components, or null where the
   * text has nothing that the model knows (such a text cannot be compared with anything).
   * @throws {EmbedderError} when the provider fails, times out, or answers with something that is not a vector.
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<(Float32Array | null)[]>;
}
