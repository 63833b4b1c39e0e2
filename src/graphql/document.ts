import type { Document as DocumentShape } from '../document.ts';
import { listDocuments } from '../documents/read-documents.ts';
import { type DocumentId, isDocumentId } from '../ids.ts';
import { AccessListObject } from './access-list.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { readFilter } from './filter-arguments.ts';
import { DocumentFilterInput } from './filter-inputs.ts';
import { LanguageEnum } from './language.ts';
import { toPageInfo } from './page-info.ts';
import { priced, pricedPage } from './price.ts';

const largeField = 'Loaded only where it is asked for';

export const Document = builder.objectRef<DocumentShape>('Document');

builder.node(Document, {
  description: 'What was stored, and what a search gives back.',
  id: { resolve: (document) => document.id },
  loadWithoutCache: (id, context) => (isDocumentId(id) ? context.loaders.document.load(id) : null),
  fields: (t) => ({
    collection: t.exposeString('collection', { description: 'The collection it lies in, such as `handbook`.' }),
    externalId: t.exposeString('externalId', {
      nullable: true,
      description: "The caller's own key, unique in the collection.",
    }),
    title: t.exposeString('title', { description: 'One line.' }),
    body: t.string({
      description: `Plain text or Markdown, whole. ${largeField}, and with the scope \`documents:read\`; \`@defer\` it in lists.`,
      authScopes: { token: 'documents:read' },
      extensions: priced({ points: 2 }),
      resolve: async (document, _args, context) => (await context.loaders.body.load(document.id)) ?? '',
    }),
    url: t.exposeString('url', { nullable: true, description: 'Where people read it.' }),
    metadata: t.expose('metadata', {
      type: 'JSONObject',
      description: 'What it carries besides its text, to be filtered by.',
    }),
    status: t.exposeString('status', { description: 'Where it stands: a word of your own; `published` unless given.' }),
    language: t.expose('language', { type: LanguageEnum, description: 'How its words are stemmed.' }),
    acl: t.field({
      type: AccessListObject,
      nullable: true,
      description:
        'Who may see it; null for the whole tenant. It names people, so it takes the scope `documents:write`.',
      authScopes: { token: 'documents:write' },
      extensions: priced({ points: 1 }),
      resolve: (document, _args, context) => context.loaders.acl.load(document.id),
    }),
    version: t.exposeInt('version', { description: '1 when it is new, one more with each change.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first stored.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From when on it is gone by itself. Null: it stays until it is deleted.',
    }),
    pendingChunks: t.int({
      description: 'Chunks that still wait for their vector. Until then they are found by their words.',
      extensions: priced({ points: 1 }),
      resolve: (document, _args, context) => context.loaders.pendingChunks.load(document.id),
    }),
  }),
});

builder.queryField('document', (t) =>
  t.field({
    type: Document,
    nullable: true,
    description: 'One document by its global id. Null where it does not exist for this tenant.',
    authScopes: { token: 'documents:read' },
    args: { id: t.arg.globalID({ required: true, for: Document, description: 'As `Document.id` gave it.' }) },
    resolve: (_root, { id }, context) =>
      isDocumentId(id.id) ? context.loaders.document.load(id.id as DocumentId) : null,
  }),
);

const DocumentConnection = builder.connectionObject(
  { type: Document, name: 'DocumentConnection', description: 'A page of documents, oldest first.' },
  { name: 'DocumentEdge', description: 'A document and its place in the list.' },
);

builder.queryField('documents', (t) =>
  t.field({
    type: DocumentConnection,
    description: 'Documents, oldest first. Those that come or go between two pages neither repeat nor hide others.',
    authScopes: { token: 'documents:read' },
    extensions: pricedPage(2),
    args: {
      filter: t.arg({ type: DocumentFilterInput, description: 'Which ones; all without it.' }),
      first: t.arg.int({ description: 'Page size, 1 to 100; 10 without it.' }),
      after: t.arg.string({ description: '`endCursor` of the page before.' }),
    },
    resolve: async (_root, { filter, first, after }, { deps, principal }) => {
      const request = {
        ...(filter && { filter: readFilter(filter) }),
        ...(first !== undefined && { first }),
        ...(after !== undefined && { after }),
      };
      const { items, hasNextPage } = await listDocuments(deps, requirePrincipal(principal), request);
      return {
        edges: items.map(({ document, cursor }) => ({ cursor, node: document })),
        pageInfo: toPageInfo(items, hasNextPage),
      };
    },
  }),
);
