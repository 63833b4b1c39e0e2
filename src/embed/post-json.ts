import { EmbedderError } from './embedder-error.ts';
import { unusable } from './provider-answer.ts';
import { readRetryAfterMs } from './retry-after.ts';

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** From connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Of the answer, unpacked. */
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly fetch: typeof fetch;
}

/**
 * Sends one request and reads the whole answer. Neither the key nor a text is ever part of an error.
 * @throws {EmbedderError} when the provider is not there, too slow, breaks off, says too much, or answers with anything but 2xx.
 */
export async function postJson(url: URL, body: string, options: PostOptions): Promise<string> {
  const { signal } = options;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const headers = { ...options.headers, 'content-type': 'application/json', accept: 'application/json' };
  try {
    const response = await options.fetch(url, {
      method: 'POST',
      headers,
      body,
      // A redirect would send the texts to an address that nobody configured.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (response.ok) return await readText(response, options.maxAnswerBytes);
    await response.body?.cancel();
    throw refusedAnswer(response);
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

/** An answer without an end must not fill the memory. Leaving the loop ends the connection. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) {
      throw unusable(`it has more than ${maxBytes} bytes, which no vectors of this model need`, {
        fault: 'configuration',
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

const hints: Readonly<Record<number, string>> = {
  400: 'it does not understand the request, or a text is too long for the model',
  401: 'the API key is missing or wrong',
  403: 'the API key may not use this model',
  404: 'the base URL or the model is unknown there',
  408: 'it gave up waiting for the request',
  413: 'the request was too large: lower the batch size',
  422: 'a text is too long for the model, or is refused',
  429: 'its rate limit or quota is used up',
};

/** A text of the request may be the reason for these. */
const aboutItems = new Set([400, 413, 422]);
/** Trying again later may help. */
const passing = new Set([408, 409, 425, 429]);

/** The body is not quoted: providers repeat the input in it. */
function refusedAnswer({ status, headers }: Response): EmbedderError {
  const hint = hints[status] ?? (status < 400 ? 'it redirects, which is not followed' : undefined);
  const message = `The embedding provider answered with HTTP status ${status}${hint ? ` (${hint})` : ''}.`;
  if (status >= 500 || passing.has(status)) {
    const retryAfterMs = readRetryAfterMs(headers, Date.now());
    return new EmbedderError('EMBEDDER_UNAVAILABLE', message, { httpStatus: status, retryAfterMs });
  }
  const fault = aboutItems.has(status) ? 'item' : 'configuration';
  return new EmbedderError('EMBEDDER_REJECTED', message, { fault, httpStatus: status });
}
