/** What an id is an id of. A deleted document is one that can be brought back. */
export type IdKind = 'document' | 'deleted' | 'chunk' | 'job' | 'apiKey' | 'deadLetter' | 'collection';

/** An operation that is told an id. */
export interface IdOperation {
  /** The argument that it stands in, as `Query.search(input.similarTo)`. */
  readonly argument: string;
  /** What tells it from others with the same argument. */
  readonly variant?: string;
  readonly kind: IdKind;
  readonly query: string;
  variables(id: string, own: OwnIds): Record<string, unknown>;
}

/** Ids of the caller's own, which no operation changes. */
interface OwnIds {
  readonly document: string;
}

const fields = 'id title body metadata pendingChunks';
const failure = '... on Error { code message }';
const examples = (kind: 'positive' | 'negative') => (id: string, own: OwnIds) => ({
  recommend: kind === 'positive' ? { positive: [id] } : { positive: [own.document], negative: [id] },
});

/** The ways in which a search is told ids, for each field that searches. */
const searches: readonly IdOperation[] = [
  {
    field: 'Query.search',
    query: `query($input: SearchInput!) { search(input: $input) { __typename ... on SearchConnection { edges { node { ${fields} } } } ${failure} } }`,
  },
  {
    field: 'Query.explainMissing',
    query: `query($input: SearchInput!, $own: ID!) { explainMissing(documentId: $own, input: $input) { __typename ... on MissingExplanation { reason rank } ${failure} } }`,
  },
  {
    field: 'Subscription.searchUpdates',
    query: `subscription($input: SearchInput!) { searchUpdates(input: $input) { __typename ${failure} } }`,
  },
].flatMap(({ field, query }) =>
  (
    [
      ['similarTo', 'document', (similarTo: string) => ({ similarTo })],
      ['similarTo', 'chunk', (similarTo: string) => ({ similarTo })],
      ['recommend.positive', 'document', examples('positive')],
      ['recommend.negative', 'document', examples('negative')],
    ] as const
  ).map(([argument, kind, input]) => ({
    argument: `${field}(input.${argument})`,
    ...(kind === 'chunk' && { variant: 'of a passage' }),
    kind,
    query,
    variables: (id: string, own: OwnIds) => ({
      input: input(id, own),
      ...(query.includes('$own') && { own: own.document }),
    }),
  })),
);

/** Reads of every field that takes an id. */
const reads: readonly IdOperation[] = [
  ...(['document', 'node'] as const).map(
    (field): IdOperation => ({
      argument: `Query.${field}(id)`,
      kind: 'document',
      query: `query($id: ID!) { ${field}(id: $id) { ... on Document { ${fields} } } }`,
      variables: (id) => ({ id }),
    }),
  ),
  ...(['Document', 'RelatedDocuments'] as const).flatMap((name): IdOperation[] => {
    const inner = name === 'Document' ? fields : 'externalId documents { edges { cursor } }';
    const query = `query($of: [_Any!]!) { _entities(representations: $of) { ... on ${name} { ${inner} } } }`;
    const of = (key: object) => ({ of: [{ __typename: name, ...key }] });
    const argument = 'Query._entities(representations)';
    return [
      { argument, variant: `${name} by id`, kind: 'document', query, variables: (id) => of({ id }) },
      {
        argument,
        variant: `${name} by key`,
        kind: 'collection',
        query,
        variables: (collection) => of({ collection, externalId: 'boiler' }),
      },
    ];
  }),
  {
    argument: 'Query.explainMissing(documentId)',
    kind: 'document',
    query: `query($id: ID!) { explainMissing(documentId: $id, input: { text: "hot water" }) { __typename ... on MissingExplanation { reason rank } ${failure} } }`,
    variables: (id) => ({ id }),
  },
  {
    argument: 'Query.job(id)',
    kind: 'job',
    query: 'query($id: ID!) { job(id: $id) { id kind status total done failed createdAt } }',
    variables: (id) => ({ id }),
  },
  {
    argument: 'Subscription.jobProgress(id)',
    kind: 'job',
    query: 'subscription($id: ID!) { jobProgress(id: $id) { id status total done } }',
    variables: (id) => ({ id }),
  },
];

const replaced = { collection: 'rooms', title: 'Replaced', body: 'Another text.' };
const upserted = `__typename ... on UpsertDocumentsPayload { documents { status document { ${fields} } } leftOut { index code message } } ${failure}`;

/** Writes of every field that takes an id. Of an id that is not the caller's they change nothing. */
const writes: readonly IdOperation[] = [
  ...([true, false] as const).map(
    (atomic): IdOperation => ({
      argument: 'Mutation.upsertDocuments(input.id)',
      variant: atomic ? 'or nothing' : 'leaving it out',
      kind: 'document',
      query: `mutation($id: ID!) { upsertDocuments(atomic: ${atomic}, input: [{ id: $id, collection: "rooms", title: "Replaced", body: "Another text." }]) { ${upserted} } }`,
      variables: (id) => ({ id }),
    }),
  ),
  {
    argument: 'Mutation.upsertDocuments(job)',
    kind: 'job',
    query: `mutation($input: [UpsertDocumentInput!]!, $job: ID!) { upsertDocuments(input: $input, job: $job) { ${upserted} } }`,
    variables: (job) => ({ input: [{ ...replaced, externalId: 'of a job' }], job }),
  },
  ...([{}, { ifVersion: 1 }, { acl: null }] as const).map(
    (change): IdOperation => ({
      argument: 'Mutation.patchDocument(input.id)',
      variant: Object.keys(change)[0] ?? 'status',
      kind: 'document',
      query: `mutation($input: PatchDocumentInput!) { patchDocument(input: $input) { __typename ... on UpsertedDocument { version } ... on VersionConflictError { currentVersion } ${failure} } }`,
      variables: (id) => ({ input: { id, status: 'seen', ...change } }),
    }),
  ),
  {
    argument: 'Mutation.patchDocuments(input.id)',
    kind: 'document',
    query: `mutation($id: ID!) { patchDocuments(input: [{ id: $id, status: "seen" }]) { __typename ... on PatchDocumentsPayload { documents { version } } ${failure} } }`,
    variables: (id) => ({ id }),
  },
  {
    argument: 'Mutation.deleteDocuments(ids)',
    kind: 'document',
    query: 'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids) { deletedIds } }',
    variables: (id) => ({ ids: [id] }),
  },
  ...(['document', 'deleted'] as const).map(
    (kind): IdOperation => ({
      argument: 'Mutation.deleteDocuments(ids)',
      variant: `permanently, ${kind === 'deleted' ? 'one that was deleted' : 'one that is there'}`,
      kind,
      query: 'mutation($ids: [ID!]!) { deleteDocuments(ids: $ids, permanently: true) { deletedIds } }',
      variables: (id) => ({ ids: [id] }),
    }),
  ),
  {
    argument: 'Mutation.restoreDocuments(ids)',
    kind: 'deleted',
    query: `mutation($ids: [ID!]!) { restoreDocuments(ids: $ids) { __typename ... on RestoreDocumentsPayload { restoredIds } ${failure} } }`,
    variables: (id) => ({ ids: [id] }),
  },
  {
    argument: 'Mutation.reembed(ids)',
    kind: 'document',
    query: 'mutation($ids: [ID!]) { reembed(ids: $ids) { __typename ... on ReembedPayload { job { id } } } }',
    variables: (id) => ({ ids: [id] }),
  },
  {
    argument: 'Mutation.reembed(collection)',
    kind: 'collection',
    query: 'mutation($name: String) { reembed(collection: $name) { __typename ... on ReembedPayload { job { id } } } }',
    variables: (name) => ({ name }),
  },
  {
    argument: 'Mutation.deleteByFilter(filter)',
    kind: 'collection',
    query: 'mutation($filter: DocumentFilter!) { deleteByFilter(filter: $filter) { deleted hasMore job { id } } }',
    variables: (name) => ({ filter: { collection: { eq: name } } }),
  },
  {
    argument: 'Mutation.requeue(ids)',
    kind: 'deadLetter',
    query: 'mutation($ids: [ID!]) { requeue(ids: $ids) { requeued } }',
    variables: (id) => ({ ids: [id] }),
  },
  {
    argument: 'Mutation.revokeApiKey(id)',
    kind: 'apiKey',
    query: 'mutation($id: ID!) { revokeApiKey(id: $id) { id name } }',
    variables: (id) => ({ id }),
  },
];

/** One for each argument of the schema that holds an id, and more where an id is looked for in another way. */
export const idOperations: readonly IdOperation[] = [...reads, ...searches, ...writes];
