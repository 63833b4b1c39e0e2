import { EmbedderError } from '../embed/embedder-error.ts';
import type { DocumentId } from '../ids.ts';
import { type SearchAnswer, search } from '../search/search.ts';
import type { PageInput } from '../search/search-input.ts';
import { ExampleNotFoundError, NotEmbeddableError } from '../search/search-request.ts';
import { builder } from './builder.ts';
import { type RequestContext, requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { pricedPage } from './price.ts';
import { readSearchInput } from './search-arguments.ts';
import { SearchConnection } from './search-connection.ts';
import { SearchInput } from './search-inputs.ts';

builder.queryField('search', (t) =>
  t.field({
    type: SearchConnection,
    description: "Searches the tenant's documents by meaning, by words, or both.",
    authScopes: { token: 'search' },
    extensions: pricedPage(10),
    errors: {
      types: [EmbedderError, NotEmbeddableError, ExampleNotFoundError],
      union: { name: 'SearchResult', description: 'Hits, or why there are none to be had.' },
    },
    args: {
      input: t.arg({ type: SearchInput, required: true, description: 'What to search for.' }),
      first: t.arg.int({ description: 'Hits a page, 1 to 100; 10 without it.' }),
      after: t.arg.string({ description: '`endCursor` of the page before, with the same input.' }),
    },
    resolve: (_root, { input, ...page }, { deps, principal, signal }) =>
      search(deps, requirePrincipal(principal), readSearchInput(input), page, signal),
  }),
);

builder.objectField(Document, 'similar', (t) =>
  t.field({
    type: SearchConnection,
    description:
      'Other documents like this one: a search of its own, so worth a `@defer`. Null while it waits for its vectors.',
    authScopes: { token: 'search' },
    extensions: pricedPage(10),
    nullable: true,
    args: { first: t.arg.int({ description: 'Hits, 1 to 100; 10 without it.' }) },
    resolve: findSimilar,
  }),
);

/** Documents like one, or null while it has no vectors. */
export async function findSimilar(
  { id: documentId }: { readonly id: DocumentId },
  page: PageInput,
  { deps, principal, signal }: RequestContext,
): Promise<SearchAnswer | null> {
  try {
    return await search(deps, requirePrincipal(principal), { similarTo: { documentId } }, page, signal);
  } catch (error) {
    if (error instanceof ExampleNotFoundError) return null;
    throw error;
  }
}
