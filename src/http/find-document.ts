import type { GraphQLParams } from 'graphql-yoga';
import { Refusal } from '../errors.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

/** What clients send in place of a text: `documentId`, or Apollo's `extensions.persistedQuery`. */
interface DocumentParams extends GraphQLParams {
  documentId?: unknown;
}

/**
 * Puts a document's text in place of its id, where a request brings that.
 * @throws {Refusal} `UNTRUSTED_DOCUMENT`, `PERSISTED_QUERY_NOT_FOUND` or `PERSISTED_QUERY_NOT_SUPPORTED`.
 */
export type FindDocument = (params: GraphQLParams, request: Request) => GraphQLParams;

/**
 * Finds documents by their ids, and, where that was asked for, lets no others run. A text that nobody has vouched for is
 * never kept under an id: there are no automatic persisted queries.
 */
export function createDocumentFinder(trusted: TrustedDocuments | undefined): FindDocument {
  const texts = new Set(trusted?.byId.values());
  return (params: DocumentParams, request) => {
    const { query } = params;
    if (typeof query === 'string') {
      if (trusted?.only && !texts.has(query)) {
        throw new Refusal('UNTRUSTED_DOCUMENT', 'Only documents of the manifest run here; this one is not among them.');
      }
      return params.documentId === undefined ? params : withoutId(params);
    }
    const id = params.documentId ?? hashOf(params) ?? idInUrl(request);
    if (query != null || id === undefined) return params;
    if (!trusted) {
      const message = 'There are no documents with ids here, and none are kept: send the text as "query".';
      throw new Refusal('PERSISTED_QUERY_NOT_SUPPORTED', message);
    }
    const name = typeof id === 'string' ? id : '';
    const text = trusted.byId.get(name) ?? trusted.byId.get(`sha256:${name}`);
    if (text !== undefined) return { ...withoutId(params), query: text };
    const shown = JSON.stringify(name.slice(0, 80));
    throw new Refusal('PERSISTED_QUERY_NOT_FOUND', `The document ${shown} is not among those of the manifest.`);
  };
}

/** The library knows no such parameter. */
function withoutId({ documentId: _, ...params }: DocumentParams): GraphQLParams {
  return params;
}

function hashOf({ extensions }: DocumentParams): unknown {
  const persisted = extensions?.persistedQuery as { readonly sha256Hash?: unknown } | undefined;
  return persisted?.sha256Hash;
}

function idInUrl({ method, url }: Request): string | undefined {
  return method === 'GET' ? (new URL(url).searchParams.get('documentId') ?? undefined) : undefined;
}
