import type { AskForHits, Hit } from './use-search.ts';

const query = `query SearchBox($text: String!) {
  search(input: { text: $text }, first: 8) {
    __typename
    ... on SearchConnection { edges { score chunk { text } node { id title url } } }
    ... on Error { code message }
  }
}`;

interface Answer {
  readonly data?: { readonly search: SearchResult };
  readonly errors?: readonly { readonly message: string }[];
}

type SearchResult =
  | { readonly __typename: 'SearchConnection'; readonly edges: readonly Edge[] }
  | { readonly __typename: 'EmbedderError' | 'NotEmbeddableError'; readonly message: string };

interface Edge {
  readonly score: number;
  readonly chunk: { readonly text: string };
  readonly node: Pick<Hit, 'id' | 'title' | 'url'>;
}

/** Asks `/graphql` of the server that the page came from, which adds the caller's token. */
export const askForHits: AskForHits = async (text, signal) => {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { text } }),
    signal,
  });
  const { data, errors } = (await response.json()) as Answer;
  if (errors?.[0] || !data) throw new Error(errors?.[0]?.message ?? 'The gateway gave no answer.');
  if (!('edges' in data.search)) throw new Error(data.search.message);
  return data.search.edges.map(({ node, chunk, score }) => ({ ...node, passage: chunk.text, score }));
};
