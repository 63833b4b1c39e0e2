import { EmbedderError } from '../embed/embedder-error.ts';
import { ExpectedError } from '../errors.ts';
import { embedOnce } from '../search/embed-once.ts';
import { mapEmbedders } from '../search/model-choice.ts';
import { type SearchAnswer, search } from '../search/search.ts';
import { ExampleNotFoundError, NotEmbeddableError } from '../search/search-request.ts';
import type { Told } from '../updates/news-stream.ts';
import { createSeenVersions } from '../updates/seen-versions.ts';
import { builder } from './builder.ts';
import { forgetLoaded, type RequestContext, requirePrincipal } from './context.ts';
import { priced, pricedPage } from './price.ts';
import { readSearchInput } from './search-arguments.ts';
import { SearchEdge } from './search-hit.ts';
import { SearchInput } from './search-inputs.ts';

/** Hits that are new in an answer. */
interface NewHits {
  readonly answer: SearchAnswer;
  /** Their places in the answer, from 0. */
  readonly places: readonly number[];
  readonly checkedAt: Date;
}

const SearchUpdate = builder.objectRef<NewHits>('SearchUpdate').implement({
  description: 'New matches of a saved search.',
  fields: (t) => ({
    edges: t.field({
      type: [SearchEdge],
      description:
        'Hits that entered the first so many, best first: of documents that were not among them before, or not at this version.',
      extensions: priced({ list: { otherwise: 10 } }),
      resolve: ({ answer, places }) => places.flatMap((index) => hitAt(answer, index)),
    }),
    checkedAt: t.expose('checkedAt', {
      type: 'DateTime',
      description: 'When the search was run: what was committed by then has been looked at.',
    }),
  }),
});

function hitAt(answer: SearchAnswer, index: number) {
  const hit = answer.hits[index];
  return hit ? [{ hit, index, answer }] : [];
}

const SearchUpdatesResult = builder.unionType('SearchUpdatesResult', {
  description: 'New matches, or why there are none to be had; after that nothing more comes.',
  types: [SearchUpdate, EmbedderError, NotEmbeddableError, ExampleNotFoundError],
  resolveType: (value) => ('code' in value ? value.name : 'SearchUpdate'),
});

// The errors plugin would wrap the stream in a generator, and a client that leaves while that waits would not be noticed.
builder.subscriptionField('searchUpdates', (t) =>
  t.field({
    type: SearchUpdatesResult,
    description:
      'A saved search that reports new matches as they are written: found by their words with the commit, by their meaning once they are embedded. Nothing is reported of what is there when it begins, which is when the response begins. For example `subscription { searchUpdates(input: { text: "no hot water" }) { ... on SearchUpdate { edges { score node { title } } } } }`.',
    authScopes: { token: 'search' },
    extensions: pricedPage(10),
    args: {
      input: t.arg({ type: SearchInput, required: true, description: 'What to search for.' }),
      first: t.arg.int({
        description: 'Hits that are looked at, 1 to 100; 10 without it. A match behind them is not reported.',
      }),
    },
    subscribe: (_root, { input, first }, context) =>
      watchSearch(context, readSearchInput(input), first === undefined ? {} : { first }),
    resolve: (told, _args, { loaders }) => {
      forgetLoaded(loaders);
      if ('news' in told) return told.news;
      if (told.fault instanceof ExpectedError) return asData(told.fault);
      throw told.fault;
    },
  }),
);

/** An error that a resolver returns counts as thrown, whatever the type; this is none. */
function asData({ name, code, message }: ExpectedError): EmbedderError {
  return { name, code, message } as EmbedderError;
}

async function watchSearch(
  { deps, depsFor, principal: caller, signal, authenticateAgain }: RequestContext,
  input: ReturnType<typeof readSearchInput>,
  page: { readonly first?: number | null },
): Promise<AsyncIterable<Told<NewHits>>> {
  const principal = requirePrincipal(caller);
  const { tenantId, subject, groups } = principal;
  const embedders = mapEmbedders(deps, embedOnce);
  const seen = createSeenVersions();
  let isStart = true;
  const question = {
    tenantId,
    key: JSON.stringify(['searchUpdates', tenantId, subject, groups, input, page]),
    // Asked again and again, and by nobody: of these queries none is kept.
    ask: (until: AbortSignal) =>
      search({ ...depsFor(until), ...embedders, noteQuery: undefined }, principal, input, page, until),
    tell: (answer: SearchAnswer, checkedAt: Date): NewHits | undefined => {
      const places = seen.takeNew(answer.hits);
      const isNews = places.length > 0 && !isStart;
      isStart = false;
      return isNews ? { answer, places, checkedAt } : undefined;
    },
    checkCaller: authenticateAgain,
  };
  try {
    return await deps.watches.open(question, signal);
  } catch (error) {
    if (error instanceof ExpectedError) return onlyFault(error);
    throw error;
  }
}

async function* onlyFault(fault: ExpectedError): AsyncGenerator<Told<never>> {
  yield { fault };
}
