import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Told of every GraphQL request when its answer begins: the code of its outcome, and how long it took. */
export type ObserveRequest = (code: string, durationMs: number) => void;

interface Begun {
  readonly startedMs: number;
  code?: string;
}

/** Longer ones are nobody's code: they would come from a library's message. */
const codePattern = /^[A-Z_]{1,40}$/;

/**
 * Tells of requests to `/graphql`: `OK`, the code of the answer's first error, or `HTTP_` and the status of what was refused
 * before there was any GraphQL in it.
 */
export function useRequestMetrics(observe: ObserveRequest): Plugin {
  const begun = new WeakMap<Request, Begun>();
  return {
    onRequest: ({ request, url }) => {
      if (url.pathname === '/graphql') begun.set(request, { startedMs: performance.now() });
    },
    onResultProcess: ({ request, result }) => {
      const known = begun.get(request);
      if (!known || isAsyncIterable(result) || Array.isArray(result)) return;
      const code = result?.errors?.[0]?.extensions?.code;
      if (code !== undefined) known.code = typeof code === 'string' && codePattern.test(code) ? code : 'OTHER';
    },
    onResponse: ({ request, response }) => {
      const known = begun.get(request);
      if (!known) return;
      const plain = response.status < 400 ? 'OK' : `HTTP_${response.status}`;
      observe(known.code ?? plain, performance.now() - known.startedMs);
    },
  };
}
