import type { Plugin } from 'graphql-yoga';

/** A page that came without a policy of its own, GraphiQL's, may run what stands in it, and that is all. */
const pagePolicy = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
const dataPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Answers belong to one principal: no cache may keep them, and no browser may guess at their type, frame them, run anything
 * of them or load them into a page of another site.
 */
export function usePrivateResponses(): Plugin {
  return {
    onResponse: ({ response }) => {
      // A stream of events comes with one of its own, which the library would write beside this.
      response.headers.delete('cache-control');
      response.headers.set('cache-control', 'private, no-store');
      response.headers.set('x-content-type-options', 'nosniff');
      response.headers.set('x-frame-options', 'DENY');
      response.headers.set('referrer-policy', 'no-referrer');
      response.headers.set('cross-origin-resource-policy', 'same-origin');
      if (response.headers.has('content-security-policy')) return;
      const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false;
      response.headers.set('content-security-policy', isPage ? pagePolicy : dataPolicy);
    },
  };
}
