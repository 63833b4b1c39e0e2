import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

/** What clients send in place of a text: `documentId`, or Apollo's `extensions.persistedQuery`. */
interface DocumentParams extends GraphQLParams {
  documentId?: unknown;
}

/**
 * Runs documents by their ids, and, where that was asked for, no others. A text that nobody has vouched for is never kept
 * under an id: there are no automatic persisted queries.
 */
export function useTrustedDocuments(trusted: TrustedDocuments | undefined): Plugin {
  const texts = new Set(trusted?.byId.values());
  return {
    onRequestParse: ({ request, requestParser, setRequestParser, fetchAPI }) => {
      if (!requestParser) return;
      setRequestParser(async (given) => {
        const params = await requestParser(given);
        // What cannot be read is refused behind this, in a sentence.
        if (params instanceof fetchAPI.Response || Array.isArray(params) || typeof params !== 'object') return params;
        return resolve(params, request);
      });
    },
  };

  function resolve(params: DocumentParams, request: Request): GraphQLParams {
    const { documentId, ...rest } = params;
    const id = documentId ?? hashOf(params) ?? (params.query == null ? idInUrl(request) : undefined);
    if (id === undefined || typeof params.query === 'string') {
      if (!trusted?.only || params.query == null || texts.has(params.query)) return rest;
      throw new Refusal('UNTRUSTED_DOCUMENT', 'Only documents of the manifest run here; this one is not among them.');
    }
    if (!trusted) {
      const message = 'There are no documents with ids here, and none are kept: send the text as "query".';
      throw new Refusal('PERSISTED_QUERY_NOT_SUPPORTED', message);
    }
    const name = typeof id === 'string' ? id : '';
    const query = trusted.byId.get(name) ?? trusted.byId.get(`sha256:${name}`);
    if (query !== undefined) return { ...rest, query };
    const shown = JSON.stringify(name.slice(0, 80));
    throw new Refusal('PERSISTED_QUERY_NOT_FOUND', `The document ${shown} is not among those of the manifest.`);
  }
}

function hashOf({ extensions }: DocumentParams): unknown {
  const persisted = extensions?.persistedQuery as { readonly sha256Hash?: unknown } | undefined;
  return persisted?.sha256Hash;
}

function idInUrl({ method, url }: Request): string | undefined {
  return method === 'GET' ? (new URL(url).searchParams.get('documentId') ?? undefined) : undefined;
}
