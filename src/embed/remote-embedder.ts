import { COARSE_DIMENSIONS } from '../vector.ts';
import { splitIntoBatches } from './batches.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Embedder, EmbedOptions, EmbedPurpose, FusionWeights } from './embedder.ts';
import { EmbedderError } from './embedder-error.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { longestPrefix } from './longest-prefix.ts';
import { postJson } from './post-json.ts';
import type { Provider } from './provider.ts';
import { readProviderAnswer } from './provider-answer.ts';
import { type RetryPolicy, withRetries } from './retry.ts';
import type { TokenCounter } from './token-counter.ts';
import { unusableSettings } from './unusable-settings.ts';
import { createUsageCounter, type RequestOutcome } from './usage.ts';

export interface RemoteEmbedderOptions {
  /** Name of the model, as it is recorded. */
  readonly model: string;
  /** Components of the vectors that the provider answers with, at least 256. */
  readonly dimensions: number;
  /** Time for one request, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Texts in one request; fewer where the provider takes fewer. */
  readonly maxBatch: number;
  /** Tokens of the longest text (default 8,191, the limit of OpenAI's models). */
  readonly maxTokens?: number | undefined;
  /** Counts the model's tokens of a text (default: estimates them). */
  readonly countTokens?: TokenCounter | undefined;
  /** Tokens in one request (default: what the provider takes). */
  readonly maxRequestTokens?: number | undefined;
  /** Default 1 : 1. */
  readonly fusionWeights?: FusionWeights | undefined;
  /** Put before every text, for models that were trained with it. */
  readonly prefixes?: Readonly<Record<EmbedPurpose, string>> | undefined;
  /** Default: no request is repeated. */
  readonly retry?: Readonly<Record<EmbedPurpose, RetryPolicy>> | undefined;
  /** Default: every request is sent. */
  readonly breaker?: CircuitBreaker | undefined;
  /** Told of every request when it ends. */
  readonly onRequest?: ((outcome: RequestOutcome) => void) | undefined;
  /** Default the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** JSON writes a float32 in at most 25 characters; what is around the vectors has this much room. */
const bytesPerComponent = 32;
const bytesBeside = 1_048_576;

/**
 * An embedder behind HTTP. Texts of nothing but white space get null and are not sent. Requests of one call follow each
 * other, and a call answers for all of its texts or for none.
 * @throws {StartupError} when the options cannot work, such as fewer than 256 dimensions.
 */
export function createRemoteEmbedder(provider: Provider, options: RemoteEmbedderOptions): Embedder {
  checkOptions(options);
  const { model, dimensions, timeoutMs, breaker, prefixes = { query: '', document: '' } } = options;
  const { countTokens = estimateTokens } = options;
  const maxBatch = Math.min(options.maxBatch, provider.maxTexts);
  const limits = { maxTexts: maxBatch, maxTokens: options.maxRequestTokens ?? provider.maxRequestTokens };
  const usage = createUsageCounter();

  async function request(
    texts: readonly string[],
    purpose: EmbedPurpose,
    signal: AbortSignal | undefined,
    isRetry: boolean,
  ) {
    const startedMs = performance.now();
    let isAnswered = false;
    let told: number | undefined;
    let failure: string | undefined;
    let failureCode: RequestOutcome['code'];
    try {
      const body = await postJson(provider.url, JSON.stringify(provider.body(texts, purpose)), {
        headers: provider.headers,
        timeoutMs,
        maxAnswerBytes: bytesBeside + texts.length * dimensions * bytesPerComponent,
        signal,
        fetch: options.fetch ?? fetch,
      });
      isAnswered = true;
      const answer = readProviderAnswer(provider, body, { count: texts.length, dimensions });
      told = answer.tokens;
      return answer.vectors;
    } catch (error) {
      failure = error instanceof EmbedderError ? error.message : 'its caller went away';
      failureCode = error instanceof EmbedderError ? error.code : 'ABORTED';
      throw error;
    } finally {
      // Whoever answered has counted them, be the answer of use or not.
      const tokens = told ?? (isAnswered ? countAll(texts) : 0);
      const durationMs = Math.round(performance.now() - startedMs);
      const ended = { purpose, texts: texts.length, tokens, durationMs, failure, code: failureCode, isRetry };
      usage.count(ended);
      options.onRequest?.(ended);
    }
  }

  function countAll(texts: readonly string[]): number {
    return texts.reduce((sum, text) => sum + countTokens(text), 0);
  }

  function embedBatch(texts: readonly string[], { purpose, signal, isSuspect }: EmbedOptions) {
    let tries = 0;
    const once = () => request(texts, purpose, signal, tries++ > 0);
    const guarded = breaker ? () => breaker.run(once, isSuspect) : once;
    const isRepeated = options.retry && !(isSuspect && texts.length > 1);
    return isRepeated ? withRetries(guarded, options.retry[purpose], signal) : guarded();
  }

  return {
    model: { name: model, dimensions },
    fusionWeights: options.fusionWeights ?? { keyword: 1, semantic: 1 },
    maxTokens: (options.maxTokens ?? 8_191) - longestPrefix(prefixes, countTokens),
    maxBatch,
    usage: usage.read,
    countTokens,
    async embed(texts, embedOptions) {
      const { purpose, signal } = embedOptions;
      signal?.throwIfAborted();
      const vectors = new Array<Float32Array | null>(texts.length).fill(null);
      // Half a surrogate pair has no UTF-8 form, and one such text would spoil its whole batch.
      const sent = texts.flatMap((text, position) =>
        text.trim() === '' ? [] : [{ position, text: prefixes[purpose] + text.trimStart().toWellFormed() }],
      );
      const input = sent.map(({ text }) => text);
      for (const { start, end } of splitIntoBatches(input, countTokens, limits)) {
        const answers = await embedBatch(input.slice(start, end), embedOptions);
        for (const [i, { position }] of sent.slice(start, end).entries()) vectors[position] = answers[i] ?? null;
      }
      return vectors;
    },
  };
}

/** Refuses options that no request could succeed with, before the first text is sent. */
function checkOptions(options: RemoteEmbedderOptions): void {
  if (!Number.isInteger(options.dimensions) || options.dimensions < COARSE_DIMENSIONS) {
    throw unusableSettings(
      `the model "${options.model}" has ${options.dimensions} dimensions, and a model needs at least ` +
        `${COARSE_DIMENSIONS}, the length of the coarse vectors that the first stage searches`,
    );
  }
  for (const name of ['timeoutMs', 'maxBatch', 'maxTokens', 'maxRequestTokens'] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw unusableSettings(`${name} is ${value}, and must be a whole number above zero`);
    }
  }
  if (options.model === '') throw unusableSettings('the model has no name');
}
