import { EmbedderError } from '../embed/embedder-error.ts';
import { search } from '../search/search.ts';
import { ExampleNotFoundError, NotEmbeddableError } from '../search/search-request.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { readSearchInput } from './search-arguments.ts';
import { SearchConnection } from './search-connection.ts';
import { SearchInput } from './search-inputs.ts';

builder.queryField('search', (t) =>
  t.field({
    type: SearchConnection,
    description: "Searches the tenant's documents by meaning, by words, or both.",
    authScopes: { token: 'search' },
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
    description: 'Other documents like this one. Null while it waits for its vectors.',
    authScopes: { token: 'search' },
    nullable: true,
    args: { first: t.arg.int({ description: 'Hits, 1 to 100; 10 without it.' }) },
    resolve: async (document, page, { deps, principal, signal }) => {
      try {
        return await search(
          deps,
          requirePrincipal(principal),
          { similarTo: { documentId: document.id } },
          page,
          signal,
        );
      } catch (error) {
        if (error instanceof ExampleNotFoundError) return null;
        throw error;
      }
    },
  }),
);
