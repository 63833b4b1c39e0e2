import type { Plugin } from 'graphql-yoga';

/** Answers belong to one principal: no cache may keep them, and no browser may guess at their type or frame them. */
export function usePrivateResponses(): Plugin {
  return {
    onResponse: ({ response }) => {
      response.headers.set('cache-control', 'private, no-store');
      response.headers.set('x-content-type-options', 'nosniff');
      response.headers.set('x-frame-options', 'DENY');
      response.headers.set('referrer-policy', 'no-referrer');
    },
  };
}
