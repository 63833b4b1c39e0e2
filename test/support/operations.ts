import type { SearchInput } from '../../src/search/search-input.ts';
import type { TestGateway } from './gateway.ts';
import { dataOf } from './graphql-answer.ts';

/** A member of a result union that stands for a failure. */
export interface Failure {
  readonly __typename: string;
  readonly code: string;
  readonly message: string;
}

export interface DocumentNode {
  readonly id: string;
  readonly externalId: string | null;
  readonly collection: string;
  readonly title: string;
  readonly metadata: Record<string, unknown>;
  readonly version: number;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export interface SearchEdge {
  readonly cursor: string;
  readonly score: number;
  readonly scores: { readonly vector: number | null; readonly keyword: number | null; readonly fused: number };
  readonly chunk: { readonly id: string; readonly ordinal: number; readonly text: string; readonly context: string };
  readonly node: DocumentNode;
}

export interface SearchHits {
  readonly __typename: 'SearchConnection';
  readonly mode: string;
  readonly recall: { readonly candidates: number | null } | null;
  readonly edges: readonly SearchEdge[];
  readonly pageInfo: PageInfo;
}

const pageInfo = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const node = 'id externalId collection title metadata version';
const failure = '... on Error { code message }';

export const searchQuery = `query Search($input: SearchInput!, $first: Int, $after: String) {
  search(input: $input, first: $first, after: $after) {
    __typename
    ... on SearchConnection {
      mode recall { candidates }
      edges { cursor score scores { vector keyword fused } chunk { id ordinal text context } node { ${node} } }
      ${pageInfo}
    }
    ${failure}
  }
}`;

export const documentsQuery = `query Documents($filter: DocumentFilter, $first: Int, $after: String) {
  documents(filter: $filter, first: $first, after: $after) { edges { cursor node { ${node} } } ${pageInfo} }
}`;

export const upsertMutation = `mutation Upsert($input: [UpsertDocumentInput!]!) {
  upsertDocuments(input: $input) {
    __typename
    ... on UpsertDocumentsPayload { documents { id status version document { ${node} pendingChunks } } }
    ... on InvalidDocumentError { index }
    ${failure}
  }
}`;

const defineMutation = `mutation Define($input: DefineCollectionInput!) {
  defineCollection(input: $input) {
    __typename
    ... on DefineCollectionPayload {
      unfitValues
      collection { name language documents attributes { name type } }
    }
    ${failure}
  }
}`;

export const deleteMutation = `mutation Delete($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }`;

export interface UpsertInput {
  readonly id?: string;
  readonly externalId?: string;
  readonly collection: string;
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly metadata?: Record<string, unknown>;
  readonly status?: string;
  /** As GraphQL names it: `GERMAN`. */
  readonly language?: string;
  readonly acl?: { readonly users?: readonly string[]; readonly groups?: readonly string[] };
}

interface DefineInput {
  readonly name: string;
  readonly language?: string;
  readonly attributes?: readonly { readonly name: string; readonly type: string }[];
  readonly chunking?: object;
}

interface Defined {
  readonly __typename: 'DefineCollectionPayload';
  readonly unfitValues: number;
  readonly collection: Required<Omit<DefineInput, 'chunking'>> & { readonly documents: number };
}

export interface Upserted {
  readonly __typename: 'UpsertDocumentsPayload';
  readonly documents: readonly {
    readonly id: string;
    readonly status: 'CREATED' | 'UPDATED' | 'UNCHANGED';
    readonly version: number;
    readonly document: (DocumentNode & { readonly pendingChunks: number }) | null;
  }[];
}

interface PageArguments {
  readonly first?: number;
  readonly after?: string | null;
}

/** What a client would write, for one token. */
export interface Client {
  readonly token: string;
  /** @throws when the search is refused or fails. */
  search(input: Omit<SearchInput, 'filter'> & { filter?: unknown }, page?: PageArguments): Promise<SearchHits>;
  documents(filter?: unknown, page?: PageArguments): Promise<{ edges: { node: DocumentNode }[]; pageInfo: PageInfo }>;
  /** @throws when the documents are refused. */
  upsert(input: readonly UpsertInput[]): Promise<Upserted['documents']>;
  tryUpsert(input: readonly UpsertInput[]): Promise<Upserted | (Failure & { readonly index: number })>;
  delete(ids: readonly string[]): Promise<string[]>;
  /** @throws when the definition is refused. */
  define(input: DefineInput): Promise<Defined>;
  tryDefine(input: DefineInput): Promise<Defined | Failure>;
  query<Data>(query: string, variables?: Record<string, unknown>): Promise<Data>;
}

/** A client of a gateway, as a tenant with every scope unless told otherwise. */
export async function openClient(
  gateway: TestGateway,
  tenant: string,
  scopes?: readonly string[],
  who?: { readonly subject?: string; readonly groups?: readonly string[] },
): Promise<Client> {
  const token = await gateway.tokenFor(tenant, scopes, who);
  const query = async <Data>(text: string, variables: Record<string, unknown> = {}): Promise<Data> =>
    dataOf(await gateway.graphql<Data>(token, text, variables));
  const tryUpsert: Client['tryUpsert'] = async (input) =>
    (await query<{ upsertDocuments: Awaited<ReturnType<Client['tryUpsert']>> }>(upsertMutation, { input }))
      .upsertDocuments;
  const tryDefine: Client['tryDefine'] = async (input) =>
    (await query<{ defineCollection: Defined | Failure }>(defineMutation, { input })).defineCollection;
  return {
    token,
    query,
    tryUpsert,
    tryDefine,
    define: async (input) => {
      const result = await tryDefine(input);
      if (!('collection' in result)) throw new Error(`The definition failed: ${result.message}`);
      return result;
    },
    search: async (input, page = {}) => {
      const { search } = await query<{ search: SearchHits | Failure }>(searchQuery, { input, ...page });
      if (!('edges' in search)) throw new Error(`The search failed: ${search.code}: ${search.message}`);
      return search;
    },
    documents: async (filter, page = {}) =>
      (await query<{ documents: Awaited<ReturnType<Client['documents']>> }>(documentsQuery, { filter, ...page }))
        .documents,
    upsert: async (input) => {
      const result = await tryUpsert(input);
      if (!('documents' in result)) throw new Error(`The write failed: ${result.message}`);
      return result.documents;
    },
    delete: async (ids) =>
      (await query<{ deleteDocuments: { deletedIds: string[] } }>(deleteMutation, { ids })).deleteDocuments.deletedIds,
  };
}

/** External ids of hits or documents, in order. */
export function externalIds(page: { readonly edges: readonly { readonly node: DocumentNode }[] }): (string | null)[] {
  return page.edges.map(({ node: { externalId } }) => externalId);
}
