/** A request that was refused, or did not reach the gateway. */
export class Failure extends Error {
  constructor(message, code, requestId) {
    super(message);
    this.code = code;
    this.requestId = requestId;
  }
}

/**
 * Asks the gateway.
 * @param {{ query: string, variables?: object, token: string, signal?: AbortSignal }} request
 * @returns {Promise<{ data: object, ms: number, requestId: string }>} with the round trip in milliseconds.
 * @throws {Failure} when there is no answer, or only errors; and what `signal` was aborted with.
 */
export async function ask({ query, variables = {}, token, signal }) {
  const startedMs = performance.now();
  const { response, body } = await send({ query, variables }, token, signal);
  const ms = performance.now() - startedMs;
  const requestId = response.headers.get('x-request-id') ?? '';
  const [error] = body.errors ?? [];
  if (error) throw new Failure(error.message, error.extensions?.code ?? '', error.extensions?.requestId ?? requestId);
  return { data: body.data, ms, requestId };
}

/** The member of a result union that was asked for. @throws {Failure} when it is an Error. */
export function unwrap(result, requestId) {
  if (result.code) throw new Failure(result.message, result.code, requestId);
  return result;
}

async function send(body, token, signal) {
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  if (token) headers.authorization = `Bearer ${token}`;
  try {
    const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify(body), signal });
    return { response, body: await response.json() };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure('The gateway did not answer. Is it still running?', 'NO_ANSWER', '');
  }
}

/**
 * Runs one task at a time: the next aborts the one before, whose answer is then dropped, so that answers never come out of
 * order. A task asks, and returns what shows the answer.
 * @param {(problem: Failure) => void} onFailure
 * @returns {{ run: (task: (signal: AbortSignal) => Promise<() => void>) => void, cancel: () => void }}
 */
export function latestOnly(onFailure) {
  let controller = new AbortController();
  const cancel = () => {
    controller.abort();
    controller = new AbortController();
    return controller.signal;
  };
  const perform = async (task, signal) => {
    try {
      const show = await task(signal);
      if (!signal.aborted) show();
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error instanceof Failure ? error : new Failure(String(error), 'PAGE', ''));
    }
  };
  return { cancel, run: (task) => void perform(task, cancel()) };
}
