import type { Plugin } from 'graphql-yoga';

/**
 * Bodies that a page of any site may have a browser send without asking first: HTML forms (WHATWG Fetch, "CORS-safelisted
 * request-header"). Whatever is read here, a browser asks about before it sends it across sites.
 */
const simpleType = /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

/** Leaves bodies of those kinds unread: they are answered with 415, before anything of them is parsed. */
export function useNoSimpleRequests(): Plugin {
  return {
    onRequestParse: ({ request, setRequestParser }) => {
      if (request.method !== 'POST' || !simpleType.test(request.headers.get('content-type') ?? '')) return;
      // What the library does where it has no parser for a request. Its type leaves that out.
      setRequestParser(undefined as unknown as Parameters<typeof setRequestParser>[0]);
    },
  };
}
