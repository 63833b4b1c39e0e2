import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Plugin } from 'graphql-yoga';

/** What the search page is told of the gateway that serves it. */
export interface SearchPageOptions {
  /** Tenants to switch between, each with a token; in development only. Without any, the page asks for a token. */
  readonly tenants: readonly SearchPageTenant[];
}

export interface SearchPageTenant {
  readonly name: string;
  readonly token: string;
  /** Questions to begin with. */
  readonly examples: readonly string[];
}

interface Asset {
  readonly body: string;
  readonly type: string;
}

const folder = new URL('./search-page/', import.meta.url);

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
};

/**
 * Only files of this gateway, nothing inline, and no text of a document ever read as HTML: with trusted types and no
 * policy for them, `innerHTML` and the like throw.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/**
 * The search page at `/`, its files under `/search-page/`, and what it is told in `/search-page/settings.json`: for GET and
 * HEAD, others are 405.
 */
export function useSearchPage(options: SearchPageOptions & { readonly graphiql: boolean }): Plugin {
  const assets = readAssets();
  assets.set('/search-page/settings.json', { body: JSON.stringify(options), type: types['.json'] ?? '' });
  return {
    onRequest: ({ request, url, endResponse, fetchAPI }) => {
      const asset = assets.get(url.pathname);
      if (!asset) return;
      const { method } = request;
      if (method !== 'GET' && method !== 'HEAD') {
        endResponse(new fetchAPI.Response(null, { status: 405, headers: { allow: 'GET, HEAD' } }));
        return;
      }
      const headers = { 'content-type': asset.type, 'content-security-policy': contentSecurityPolicy };
      endResponse(new fetchAPI.Response(method === 'HEAD' ? null : asset.body, { headers }));
    },
  };
}

/** Every file of the page by the path it is served at, read once. */
function readAssets(): Map<string, Asset> {
  return new Map(
    readdirSync(folder).map((name) => {
      const path = name === 'index.html' ? '/' : `/search-page/${name}`;
      return [path, { body: readFileSync(new URL(name, folder), 'utf8'), type: types[extname(name)] ?? '' }];
    }),
  );
}
