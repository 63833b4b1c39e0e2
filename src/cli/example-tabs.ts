import type { ExampleTab } from '../http/graphiql-page.ts';
import type { DemoExample } from './demo-data.ts';

const hits = `edges {
        score
        scores { vector keyword }
        chunk { text }
        node { title collection url }
      }`;

/** A search as it stands in a tab of GraphiQL. */
function searchQuery(comment: string): string {
  return `# ${comment}
query Search($input: SearchInput!) {
  search(input: $input, first: 5) {
    __typename
    ... on SearchConnection {
      mode
      ${hits}
      pageInfo { hasNextPage endCursor }
    }
    ... on Error { code message }
  }
}
`;
}

const documentsQuery = `# What is stored, a page at a time, filtered by collection and by an attribute.
query Documents($filter: DocumentFilter) {
  viewer { tenantId scopes }
  collections { name documents }
  documents(filter: $filter, first: 5) {
    edges { cursor node { id title metadata updatedAt } }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const upsertQuery = `# Store a document. It is found by its words at once and by its meaning a moment later.
mutation Store($input: [UpsertDocumentInput!]!) {
  upsertDocuments(input: $input) {
    __typename
    ... on UpsertDocumentsPayload {
      documents { status version document { id title pendingChunks } }
    }
    ... on Error { code message }
  }
}
`;

/**
 * The worked examples, each with the token of its tenant.
 * @param bearer makes the headers of a tenant's requests.
 */
export function exampleTabs(
  examples: readonly DemoExample[],
  bearer: (tenant: string) => Record<string, string>,
): ExampleTab[] {
  const [first] = examples;
  const searches = examples.map((example) => ({
    query: searchQuery(`${example.title} (${example.tenant}). ${example.note}`),
    variables: { input: { text: example.query } },
    headers: bearer(example.tenant),
  }));
  if (!first) return searches;
  const headers = bearer(first.tenant);
  return [
    ...searches.slice(0, 3),
    {
      query: searchQuery('Words only: a phrase, a required word and an excluded one.'),
      variables: { input: { text: '"hot water" -spa', mode: 'KEYWORD' } },
      headers,
    },
    { query: documentsQuery, variables: { filter: { metadata: [{ key: 'year', number: { gte: 2024 } }] } }, headers },
    {
      query: upsertQuery,
      variables: {
        input: [
          {
            externalId: 'ski-room-keys',
            collection: 'handbook',
            title: 'Keys to the ski room',
            body: 'Guests get a key card for the ski room at the front desk. It opens from six in the morning.',
            metadata: { year: 2026 },
          },
        ],
      },
      headers,
    },
  ];
}
