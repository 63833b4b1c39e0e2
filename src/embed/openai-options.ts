import { StartupError } from '../errors.ts';
import { COARSE_DIMENSIONS } from '../vector.ts';
import type { FusionWeights } from './embedder.ts';

export interface OpenAiEmbedderOptions {
  /** Address that `/embeddings` is added to, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token. Local servers often need none. */
  readonly apiKey?: string | undefined;
  readonly model: string;
  /** Components of the vectors that the provider answers with, at least 256. */
  readonly dimensions: number;
  /**
   * Whether the request asks for `dimensions` (default true). Models trained for it (Matryoshka) shorten their vectors;
   * others answer with an error, and need false.
   */
  readonly requestDimensions?: boolean | undefined;
  /** Form that the vectors are asked for in (default `base64`, a quarter of the bytes). Either is understood in the answer. */
  readonly encodingFormat?: 'base64' | 'float' | undefined;
  /** Time for one request, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Texts in one request. OpenAI takes at most 2,048. */
  readonly maxBatch: number;
  /** Tokens of the longest text (default 8,191, the limit of OpenAI's models). */
  readonly maxTokens?: number | undefined;
  /** Estimated tokens in one request (default 100,000: OpenAI takes 300,000, and the count is an estimate). */
  readonly maxRequestTokens?: number | undefined;
  /** Default 1 : 1. */
  readonly fusionWeights?: FusionWeights | undefined;
  /** Default the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Refuses options that no request could succeed with, before the first text is sent. No message repeats the key.
 * @throws {StartupError} with exit code 78.
 */
export function checkOpenAiOptions(options: OpenAiEmbedderOptions): void {
  if (!Number.isInteger(options.dimensions) || options.dimensions < COARSE_DIMENSIONS) {
    throw refused(
      `the model "${options.model}" has ${options.dimensions} dimensions, and a model needs at least ` +
        `${COARSE_DIMENSIONS}, the length of the coarse vectors that the first stage searches`,
    );
  }
  for (const name of ['timeoutMs', 'maxBatch', 'maxTokens', 'maxRequestTokens'] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw refused(`${name} is ${value}, and must be a whole number above zero`);
    }
  }
  if (options.model === '') throw refused('the model has no name');
  // fetch() quotes a header that it refuses, so a key with a line end would reach the log.
  if (options.apiKey !== undefined && !/^[\x21-\x7e]+$/.test(options.apiKey)) {
    throw refused('the API key is empty or has a space, a line end or a character outside ASCII');
  }
}

/**
 * The address that requests go to.
 * @throws {StartupError} with exit code 78 when the base URL is not an `http(s)` address, or holds a user name or password.
 */
export function embeddingsUrl(baseUrl: string): URL {
  if (!URL.canParse(baseUrl)) throw refused('the base URL is not an address such as https://api.openai.com/v1');
  const url = new URL(baseUrl);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused(`the base URL begins with "${url.protocol}", and http: and https: are understood`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('the base URL holds a user name or password, and only an API key can be sent');
  }
  const folder = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  url.pathname = `${folder}embeddings`;
  return url;
}

function refused(reason: string): StartupError {
  return new StartupError(`The embedding provider cannot be used as configured: ${reason}.`, { exitCode: 78 });
}
