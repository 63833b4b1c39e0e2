import type { ExampleTab } from '../http/graphiql-page.ts';
import type { DemoExample } from './demo-data.ts';

/** Characters of a comment's line: in a window of 1,400 pixels GraphiQL's editor shows a few more. */
const commentWidth = 52;

const selection = `__typename
    ... on SearchConnection {
      mode
      edges {
        score
        scores { vector keyword }
        chunk { text }
        node { title collection url }
      }
      pageInfo { hasNextPage endCursor }
    }
    ... on Error { code message }`;

/**
 * The worked examples: questions, then what else a newcomer wants to see. A tab's name is its operation's. Everything is in
 * the query, so that what one sees is what is sent.
 * @param bearer makes the headers of a tenant's requests.
 */
export function exampleTabs(
  examples: readonly DemoExample[],
  bearer: (tenant: string) => Record<string, string>,
): ExampleTab[] {
  const searches = firstOfEachTenant(examples).map(({ tenant, title, note, query }) => ({
    query: searchQuery(
      operationName(tenant),
      `${title}, as tenant ${tenant}. ${note}`,
      `text: ${JSON.stringify(query)}`,
    ),
    headers: bearer(tenant),
  }));
  const headers = bearer(examples[0]?.tenant ?? '');
  const more = [wordsQuery, likeQuery, whyQuery, defineMutation, documentsQuery, storeMutation];
  return [...searches, ...more.map((query) => ({ query, headers }))];
}

/** One question to each tenant: tabs of different names, and a token of another tenant in each. */
function firstOfEachTenant(examples: readonly DemoExample[]): DemoExample[] {
  return [...Map.groupBy(examples, ({ tenant }) => tenant).values()].flatMap(([first]) => first ?? []);
}

function operationName(tenant: string): string {
  return `Ask${tenant.charAt(0).toUpperCase()}${tenant.slice(1)}`;
}

function searchQuery(name: string, comment: string, input: string): string {
  return `${commentLines(comment)}
query ${name} {
  search(input: {
    ${input}
  }, first: 5) {
    ${selection}
  }
}
`;
}

const wordsQuery = searchQuery(
  'WordsOnly',
  'Words only: a phrase that must occur, and a word that must not.',
  'text: "\\"hot water\\" -bottle"\n    mode: KEYWORD',
);

const likeQuery = `${commentLines('Documents like another one. The vectors stay in the database; what comes back is how near they are.')}
query Similar {
  documents(filter: {
    externalId: { in: ["heating-fault", "payment"] }
  }) {
    edges {
      node {
        title
        similar(first: 3) {
          edges { score node { title } }
        }
      }
    }
  }
}
`;

const whyQuery = `${commentLines('How a search went: how far it looked, what each stage passed on, and where the words stand.')}
query Explain {
  search(input: {
    text: "parking for guests"
    recall: { profile: HIGH }
  }, first: 3) {
    ... on SearchConnection {
      recall { candidates measured exact }
      explain {
        strategy
        stages { name in out ms }
        planningMs
        executionMs
      }
      edges {
        score
        highlights { start end }
        freshness { embeddedAt stale }
        node { title }
      }
    }
    ... on Error { code message }
  }
}
`;

const defineMutation = `${commentLines('Declare what a collection is filtered by: keys of the metadata, with their types. Documents that are there are filled in at once.')}
mutation Define {
  defineCollection(input: {
    name: "handbook"
    language: ENGLISH
    attributes: [
      { name: "year", type: NUMBER }
      { name: "audience", type: TEXT }
      { name: "topic", type: TEXT }
      { name: "reviewed", type: BOOLEAN }
    ]
  }) {
    __typename
    ... on DefineCollectionPayload {
      collection { name documents language }
      unfitValues
    }
    ... on Error { code message }
  }
}
`;

const documentsQuery = `${commentLines('What is stored: a page at a time, by declared attributes, through their indexes.')}
query Documents {
  viewer { tenantId scopes }
  collections {
    name
    documents
    attributes { name type }
  }
  documents(filter: {
    status: { eq: "published" }
    attributes: [
      { name: "year", number: { gte: 2024 } }
      { name: "audience", text: { in: ["guest", "customer"] } }
    ]
  }, first: 5) {
    edges { cursor node { id title metadata updatedAt } }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const storeMutation = `${commentLines('Store a document. It is found by its words at once, and by its meaning a moment later.')}
mutation Store {
  upsertDocuments(input: [{
    externalId: "ski-room-keys"
    collection: "handbook"
    title: "Keys to the ski room"
    body: "Guests get a key card at the front desk."
    metadata: { year: 2026 }
  }]) {
    __typename
    ... on UpsertDocumentsPayload {
      documents {
        status
        version
        document { id title pendingChunks }
      }
    }
    ... on Error { code message }
  }
}
`;

/** A text as comment lines that need no scrolling. */
function commentLines(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length >= commentWidth) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`).join('\n');
}
