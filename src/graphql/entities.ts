import type { Document as DocumentShape } from '../document.ts';
import type { DocumentKey } from '../documents/document-statements.ts';
import { Refusal } from '../errors.ts';
import { isDocumentId } from '../ids.ts';
import { builder, type EntityReference as Reference } from './builder.ts';
import type { RequestContext } from './context.ts';
import { Document } from './document.ts';
import { tryReadGlobalId } from './global-ids.ts';
import { priced, pricedPage } from './price.ts';
import { findSimilar } from './search.ts';
import { SearchConnection } from './search-connection.ts';
import { printSubgraphSdl } from './subgraph-sdl.ts';

const mostReferences = 1_000;

/** Fields and types that only a federated gateway has; `schema.ts` knows nothing of them. */

const RelatedDocuments = builder.objectRef<{ readonly to: DocumentShape }>('RelatedDocuments').implement({
  description:
    'Documents like one that another subgraph knows by its own key: what its `related` field returns. Null where no such document is stored.',
  fields: (t) => ({
    collection: t.string({ description: 'Where that one lies.', resolve: ({ to }) => to.collection }),
    // As nullable as the document's own: a router may ask for both in one selection.
    externalId: t.string({ nullable: true, description: 'By what key.', resolve: ({ to }) => to.externalId }),
    documents: t.field({
      type: SearchConnection,
      nullable: true,
      description: 'Others like it, best first. Null while it waits for its vectors.',
      authScopes: { token: 'search' },
      extensions: pricedPage(10),
      args: { first: t.arg.int({ description: 'Hits, 1 to 100; 10 without it.' }) },
      resolve: ({ to }, page, context) => findSimilar(to, page, context),
    }),
  }),
});

const Entity = builder.unionType('_Entity', {
  description: 'What other subgraphs may point at.',
  types: [Document, RelatedDocuments],
  resolveType: (value) => ('to' in value ? RelatedDocuments : Document),
});

builder.scalarType('_Any', {
  description: 'A reference to an entity: its `__typename` and the fields of one of its keys.',
  serialize: (value) => value,
  parseValue: readReference,
});

const Service = builder.objectRef<object>('_Service').implement({
  description: 'What this subgraph consists of.',
  fields: (t) => ({
    sdl: t.string({
      nullable: true,
      description: 'Its schema, for composition.',
      resolve: (_service, _args, _context, { schema }) => printSubgraphSdl(schema),
    }),
  }),
});

builder.queryField('_service', (t) => t.field({ type: Service, description: 'For composition.', resolve: () => ({}) }));

builder.queryField('_entities', (t) =>
  t.field({
    type: [Entity],
    nullable: { list: false, items: true },
    description:
      "Entities that other subgraphs point at, in order. Null for what does not exist for this tenant, which cannot be told from what is another tenant's.",
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 1, list: { argument: 'representations', otherwise: 100, most: mostReferences } }),
    args: { representations: t.arg({ type: ['_Any'], required: true, description: 'References, at most 1,000.' }) },
    resolve: (_root, { representations }, context) => {
      checkCount(representations.length);
      return representations.map((reference) => findEntity(reference, context));
    },
  }),
);

function checkCount(count: number): void {
  if (count <= mostReferences) return;
  throw new Refusal('BAD_USER_INPUT', `There are ${count} references; at most ${mostReferences} are allowed.`);
}

function readReference(value: unknown): Reference {
  if (typeof value !== 'object' || value === null || !('__typename' in value)) {
    throw new Refusal('BAD_USER_INPUT', 'A reference is no object with a "__typename" and the fields of a key.');
  }
  const { __typename: name } = value;
  if (name === 'Document' || name === 'RelatedDocuments') return value as Reference;
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(String(name).slice(0, 80))} is no entity here; Document and RelatedDocuments are.`,
  );
}

async function findEntity(reference: Reference, context: RequestContext) {
  const document = await findDocument(reference, context);
  return document && reference.__typename === 'RelatedDocuments' ? { to: document } : document;
}

function findDocument({ id, collection, externalId }: Reference, { loaders }: RequestContext) {
  if (typeof id === 'string') {
    const decoded = tryReadGlobalId(id);
    return decoded?.typename === 'Document' && isDocumentId(decoded.id) ? loaders.document.load(decoded.id) : null;
  }
  if (typeof collection !== 'string' || typeof externalId !== 'string') return null;
  return loaders.documentByKey.load({ collection, externalId } satisfies DocumentKey);
}
