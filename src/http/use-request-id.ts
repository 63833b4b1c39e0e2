import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';

const usable = /^[A-Za-z0-9._-]{1,128}$/;
const current = new AsyncLocalStorage<string>();

/** Id of the request in hand: the same in the response's header, in every error and in the log. */
export function currentRequestId(): string {
  return current.getStore() ?? 'none';
}

/** Gives every request an id, the caller's `X-Request-Id` where that is a plain word, and sends it back. */
export function useRequestId(): Plugin {
  return {
    instrumentation: {
      request: ({ request }, wrapped) => {
        const given = request.headers.get('x-request-id');
        return current.run(given !== null && usable.test(given) ? given : randomUUID(), wrapped);
      },
    },
    onResponse: ({ response }) => {
      response.headers.set('x-request-id', currentRequestId());
    },
  };
}
