import type { EmbedPurpose } from './embedder.ts';

/** What an answer holds, before its vectors are checked. */
export interface RawAnswer {
  /** In the order of the request: each a list of numbers or base64 of little-endian float32, if all is well. */
  readonly vectors: readonly unknown[];
  /** Tokens that the provider counted, where it says. */
  readonly tokens: number | undefined;
}

/** How one provider is asked: an address, the shape of a request and the shape of an answer. Everything else is shared. */
export interface Provider {
  readonly url: URL;
  /** Beside content type and accept; the key is here. */
  readonly headers: Readonly<Record<string, string>>;
  /** Texts that one request may hold. */
  readonly maxTexts: number;
  /** Estimated tokens that one request may hold, with a margin because they are estimated. */
  readonly maxRequestTokens: number;
  /** The request as JSON will hold it. */
  body(texts: readonly string[], purpose: EmbedPurpose): unknown;
  /** @throws {EmbedderError} `EMBEDDER_REJECTED` when the answer has another shape. */
  read(answer: unknown, count: number): RawAnswer;
}

/** What the provider of a model is told of it. */
export interface ProviderModel {
  readonly model: string;
  /** Components to ask for; undefined where the model has one length only, and asking would be an error. */
  readonly requestDimensions: number | undefined;
}
