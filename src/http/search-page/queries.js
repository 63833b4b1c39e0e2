/** What the page asks. Every text is an operation as it is sent, so that it can be copied or registered. */

export const whoQuery = `query Who {
  viewer { tenantId scopes }
}`;

export const listsQuery = `query Lists {
  collections { name documents }
  documents(first: 100) {
    edges { node { id title collection } }
    pageInfo { hasNextPage }
  }
}`;

export const searchQuery = `query Search($input: SearchInput!, $after: String) {
  search(input: $input, after: $after, first: 10) {
    ... on SearchConnection {
      mode
      underfilled
      underfilledReason
      edges {
        cursor
        score
        scores { vector keyword fused }
        highlights { start end }
        freshness { stale }
        chunk { id context text start end }
        node { id title collection status url createdAt }
      }
      pageInfo { hasNextPage endCursor }
    }
    ... on Error { code message }
  }
}`;

/** The search with its input written out, to be pasted into any client and run. */
export function runnableSearch(input) {
  return searchQuery
    .replace('($input: SearchInput!, $after: String)', '')
    .replace('input: $input, after: $after', () => `input: ${literal(input)}`);
}

const enums = new Set(['mode', 'profile', 'groupBy']);

function literal(value, name = '') {
  if (Array.isArray(value)) return `[${value.map((one) => literal(one)).join(', ')}]`;
  if (typeof value !== 'object') return enums.has(name) ? value : JSON.stringify(value);
  const fields = Object.entries(value).map(([key, one]) => `${key}: ${literal(one, key)}`);
  return `{ ${fields.join(', ')} }`;
}

export const explainQuery = `query Explain($input: SearchInput!) {
  search(input: $input, first: 10) {
    ... on SearchConnection {
      recall { candidates efSearch exact measured measuredAt reached }
      explain {
        strategy
        embedMs
        planningMs
        executionMs
        stages { name in out ms }
      }
    }
    ... on Error { code message }
  }
}`;

export const missingQuery = `query Missing($documentId: ID!, $input: SearchInput!) {
  explainMissing(documentId: $documentId, input: $input, first: 10) {
    ... on MissingExplanation { reason rank score trueCoarseRank candidates keywordScore }
    ... on Error { code message }
  }
}`;

/** The best passages of one hit: the first behind the cursor before it. */
export const passagesQuery = `query Passages($input: SearchInput!, $after: String) {
  search(input: $input, after: $after, first: 1) {
    ... on SearchConnection {
      edges { node { id } passages(first: 5) { start end text } }
    }
    ... on Error { code message }
  }
}`;

export const documentQuery = `query Document($id: ID!) {
  document(id: $id) { body externalId version updatedAt }
}`;
