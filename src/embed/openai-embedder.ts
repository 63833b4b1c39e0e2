import { splitIntoBatches } from './batches.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';
import { EmbedderError } from './embedder-error.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { readOpenAiAnswer } from './openai-answer.ts';
import { checkOpenAiOptions, embeddingsUrl, type OpenAiEmbedderOptions } from './openai-options.ts';

/**
 * An embedder behind an OpenAI-compatible HTTP endpoint (OpenAI, Ollama, vLLM, Text Embeddings Inference, ...). Texts of
 * nothing but white space get null and are not sent; purpose makes no difference to this API. Requests of one call follow
 * each other, none is repeated, and a call answers for all of its texts or for none.
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
  checkOpenAiOptions(options);
  const url = embeddingsUrl(options.baseUrl);
  const { model, dimensions, maxBatch } = options;
  const limits = { maxTexts: maxBatch, maxTokens: options.maxRequestTokens ?? 100_000 };

  async function embedBatch(input: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    const body = JSON.stringify({
      model,
      input,
      encoding_format: options.encodingFormat ?? 'base64',
      ...((options.requestDimensions ?? true) && { dimensions }),
    });
    const answer = await post(url, body, options, signal);
    return readOpenAiAnswer(answer, { count: input.length, dimensions });
  }

  return {
    model: { name: model, dimensions },
    fusionWeights: options.fusionWeights ?? { keyword: 1, semantic: 1 },
    maxTokens: options.maxTokens ?? 8191,
    maxBatch,
    countTokens: estimateTokens,
    async embed(texts, { signal }: EmbedOptions) {
      signal?.throwIfAborted();
      const vectors = new Array<Float32Array | null>(texts.length).fill(null);
      // Half a surrogate pair has no UTF-8 form, and one such text would spoil its whole batch.
      const sent = texts.flatMap((text, position) =>
        text.trim() === '' ? [] : [{ position, text: text.toWellFormed() }],
      );
      const input = sent.map(({ text }) => text);
      for (const { start, end } of splitIntoBatches(input, estimateTokens, limits)) {
        const answers = await embedBatch(input.slice(start, end), signal);
        for (const [i, { position }] of sent.slice(start, end).entries()) vectors[position] = answers[i] ?? null;
      }
      return vectors;
    },
  };
}

/** Sends one request and reads the whole answer. Neither the key nor a text is ever part of an error. */
async function post(
  url: URL,
  body: string,
  options: OpenAiEmbedderOptions,
  signal: AbortSignal | undefined,
): Promise<string> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json' });
  if (options.apiKey !== undefined) headers.set('authorization', `Bearer ${options.apiKey}`);
  try {
    const response = await (options.fetch ?? fetch)(url, {
      method: 'POST',
      headers,
      body,
      // A redirect would send the texts to an address that nobody configured.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (response.ok) return await response.text();
    await response.body?.cancel();
    throw refusedAnswer(response.status);
  } catch (cause) {
    if (cause instanceof EmbedderError) throw cause;
    signal?.throwIfAborted();
    if (timeout.aborted) {
      const message = `The embedding provider did not answer within ${options.timeoutMs} ms.`;
      throw new EmbedderError('EMBEDDER_TIMEOUT', message, { cause });
    }
    const message = 'The embedding provider cannot be reached, or broke off its answer.';
    throw new EmbedderError('EMBEDDER_UNAVAILABLE', message, { cause });
  }
}

const hints: Readonly<Record<number, string>> = {
  401: 'the API key is missing or wrong',
  403: 'the API key may not use this model',
  404: 'the base URL or the model is unknown there',
  408: 'it gave up waiting for the request',
  413: 'the request was too large: lower the batch size',
  429: 'its rate limit or quota is used up',
};

/** Whether trying again later may help decides the code. The body is not quoted: providers repeat the input in it. */
function refusedAnswer(status: number): EmbedderError {
  const hint = hints[status] ?? (status < 400 ? 'it redirects, which is not followed' : undefined);
  const message = `The embedding provider answered with HTTP status ${status}${hint ? ` (${hint})` : ''}.`;
  const passing = status >= 500 || status === 429 || status === 408;
  return new EmbedderError(passing ? 'EMBEDDER_UNAVAILABLE' : 'EMBEDDER_REJECTED', message);
}
