import { documentsQuery, searchQuery, upsertMutation } from './operations.ts';

const hits = (inside: string, rest = '') =>
  `... on SearchConnection { edges { ${inside} } ${rest} } ... on Error { code message }`;
const search = (input: string, inside: string, first = 10, rest = '') =>
  `{ search(input: { ${input} }, first: ${first}) { ${hits(inside, rest)} } }`;

/** Documents that applications send, which no limit may be in the way of. */
export const legitimateDocuments: readonly (readonly [
  name: string,
  document: string,
  variables?: Record<string, unknown>,
])[] = [
  ['the type of the root', '{ __typename }'],
  ['who calls', '{ viewer { tenantId subject groups scopes } }'],
  ['the tenant, counted', '{ tenant { id documents chunks pendingChunks unembeddableChunks } }'],
  ['the collections', '{ collections { name documents } }'],
  ['all of these', '{ viewer { subject } tenant { documents } collections { name } }'],
  [
    'one document that is not there',
    '{ document(id: "RG9jdW1lbnQ6MDE4OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx") { title } }',
  ],
  [
    'one node that is not there',
    '{ node(id: "RG9jdW1lbnQ6MDE4OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx") { id ... on Document { title } } }',
  ],
  ['a page of documents', documentsQuery],
  ['a page of a hundred documents', documentsQuery, { first: 100 }],
  [
    'a hundred documents with their bodies',
    '{ documents(first: 100) { edges { node { id title body url metadata version createdAt updatedAt pendingChunks } } pageInfo { hasNextPage endCursor } } }',
  ],
  [
    'documents by a filter',
    documentsQuery,
    { filter: { collection: { eq: 'help' }, or: [{ title: { startsWith: 'N' } }, { not: { title: { eq: 'x' } } }] } },
  ],
  ['a search', searchQuery, { input: { text: 'hot water' } }],
  ['a search of a hundred hits', searchQuery, { input: { text: 'hot water' }, first: 100 }],
  ['a search by meaning', searchQuery, { input: { text: 'hot water', mode: 'SEMANTIC' } }],
  ['a search by words', searchQuery, { input: { text: 'hot "boiler is" -bus', mode: 'KEYWORD' } }],
  ['a search with a filter', searchQuery, { input: { text: 'hot water', filter: { collection: { in: ['help'] } } } }],
  ['a search by passage', searchQuery, { input: { text: 'hot water', groupBy: 'CHUNK' } }],
  ['an exact search', searchQuery, { input: { text: 'hot water', recall: { profile: 'EXACT' } } }],
  ['a search with unlike hits', searchQuery, { input: { text: 'hot water', diversity: 0.5 } }],
  ['a search that prefers the new', searchQuery, { input: { text: 'hot water', recency: { halfLifeDays: 30 } } }],
  ['a search in its own words', search('text: "hot water"', 'score node { title }')],
  [
    'everything about a hit',
    search(
      'text: "hot water"',
      'cursor score scores { vector keyword fused } chunk { id ordinal text context start end } passages(first: 10) { text } highlights { start end } freshness { embeddedAt sourceVersion stale } node { id title body metadata }',
    ),
  ],
  [
    'everything about fifty hits',
    search(
      'text: "hot water"',
      'score chunk { text } passages { text } highlights { start end } node { title body }',
      50,
    ),
  ],
  [
    'how a search went',
    search(
      'text: "hot water"',
      'score',
      3,
      'mode recall { exact candidates efSearch measured measuredAt reached } explain { strategy stages { name in out ms } embedMs planningMs executionMs plan }',
    ),
  ],
  [
    'hits with three neighbours each',
    search('text: "hot water"', 'node { title similar(first: 3) { edges { score node { title } } } }'),
  ],
  [
    'neighbours of ten hits, with their passages',
    search('text: "hot water"', 'node { similar(first: 10) { edges { passages(first: 3) { text } } } }'),
  ],
  [
    'ten neighbours of fifty documents',
    '{ documents(first: 50) { edges { node { title similar { edges { score node { title } } } } } } }',
  ],
  [
    'ten neighbours of fifty documents with three passages of each',
    '{ documents(first: 50) { edges { node { title similar { edges { score passages(first: 3) { text } } } } } } }',
  ],
  [
    'neighbours of neighbours',
    '{ documents(first: 5) { edges { node { similar(first: 5) { edges { node { title similar(first: 5) { edges { node { title } } } } } } } } } }',
  ],
  [
    'twenty searches of one request',
    `{ ${Array.from({ length: 20 }, (_, i) => `s${i}: search(input: { text: "question ${i}" }, first: 5) { ${hits('score chunk { text } node { id title }')} }`).join(' ')} }`,
  ],
  [
    'why a search did not return a document',
    '{ explainMissing(documentId: "RG9jdW1lbnQ6MDE4OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx", input: { text: "hot" }) { ... on MissingExplanation { reason rank score trueCoarseRank candidates keywordScore } } }',
  ],
  [
    'fragments as a component tree has them',
    `query { search(input: { text: "hot water" }) { ...List } }
    fragment List on SearchConnection { edges { ...Item } pageInfo { ...Page } }
    fragment Item on SearchEdge { score node { ...Card } chunk { ...Snippet } }
    fragment Card on Document { id title url ...Meta } fragment Meta on Document { collection updatedAt }
    fragment Snippet on Chunk { text context } fragment Page on PageInfo { hasNextPage endCursor }`,
  ],
  [
    'a fragment in ten places',
    `{ ${Array.from({ length: 10 }, (_, i) => `d${i}: documents(first: 1) { edges { node { ...Card } } }`).join(' ')} } fragment Card on Document { id title url collection }`,
  ],
  [
    'what a variable leaves out',
    'query($withBody: Boolean = false) { documents(first: 20) { edges { node { title body @include(if: $withBody) } } } }',
  ],
  [
    'what a variable skips',
    'query($brief: Boolean!) { documents { edges { node { title metadata @skip(if: $brief) } } } }',
    { brief: true },
  ],
  ['one of three operations', 'query A { viewer { subject } }'],
  [
    'a write of one document',
    upsertMutation,
    { input: [{ externalId: 'new', collection: 'help', title: 'New', body: 'Text.' }] },
  ],
  [
    'a write of two hundred documents',
    upsertMutation,
    {
      input: Array.from({ length: 200 }, (_, i) => ({
        externalId: `many-${i}`,
        collection: 'many',
        title: `T${i}`,
        body: `Text ${i}.`,
      })),
    },
  ],
  [
    'a deletion of two hundred',
    'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }',
    { ids: Array.from({ length: 200 }, () => 'RG9jdW1lbnQ6MDE4OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx') },
  ],
  [
    'a type of the schema',
    '{ __type(name: "Document") { name description fields { name description type { name kind ofType { name kind } } } } }',
  ],
  ['the names of the schema', '{ __schema { types { name kind fields { name } } } }'],
];
