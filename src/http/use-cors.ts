import type { Plugin } from 'graphql-yoga';

const preflightHeaders = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers':
    'authorization, content-type, x-request-id, apollographql-client-name, apollographql-client-version',
  // Browsers ask again after ten minutes.
  'access-control-max-age': '600',
} as const;

/**
 * Lets pages of the named origins, and of no other, read answers in a browser. Credentials that a browser adds by itself are never
 * asked for: who calls is said in a header, and by the page.
 * @param origins as browsers send them; empty: none.
 */
export function useCors(origins: readonly string[]): Plugin {
  const allowed = new Set<string | null>(origins);
  if (allowed.size === 0) return {};
  return {
    onRequest: ({ request, url, endResponse, fetchAPI }) => {
      const { method, headers } = request;
      if (method !== 'OPTIONS' || url.pathname !== '/graphql' || !headers.has('access-control-request-method')) return;
      if (!allowed.has(headers.get('origin'))) return;
      endResponse(new fetchAPI.Response(null, { status: 204, headers: preflightHeaders }));
    },
    onResponse: ({ request, response: { headers } }) => {
      headers.append('vary', 'Origin');
      const origin = request.headers.get('origin');
      if (origin === null || !allowed.has(origin)) return;
      headers.set('access-control-allow-origin', origin);
      headers.set('access-control-expose-headers', 'x-request-id, retry-after');
    },
  };
}
