import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';

const usable = /^[A-Za-z0-9._-]{1,128}$/;
/** W3C Trace Context: version, trace, span, flags. A trace of nothing but zeros is none. */
const traceparent = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const current = new AsyncLocalStorage<string>();

/** Id of the request in hand: the same in the response's header, in every error, in the log, and in the caller's traces. */
export function currentRequestId(): string {
  return current.getStore() ?? 'none';
}

/**
 * Gives every request an id and sends it back: the caller's `X-Request-Id` where that is a plain word, else the trace that its
 * `traceparent` belongs to, so that whoever looks at a trace finds the lines of the log.
 */
export function useRequestId(): Plugin {
  return {
    instrumentation: {
      request: ({ request }, wrapped) => {
        return current.run(givenId(request.headers) ?? randomUUID(), wrapped);
      },
    },
    onResponse: ({ response }) => {
      response.headers.set('x-request-id', currentRequestId());
    },
  };
}

function givenId(headers: Headers): string | undefined {
  const given = headers.get('x-request-id');
  if (given !== null && usable.test(given)) return given;
  return traceparent.exec(headers.get('traceparent') ?? '')?.[1];
}
