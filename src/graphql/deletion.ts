import { type DocumentId, isDocumentId } from '../ids.ts';
import { deleteByFilter, deleteDocuments, type FilteredDeletion } from '../ingest/delete-documents.ts';
import { type Restoration, restoreDocuments } from '../ingest/restore-documents.ts';
import { QuotaExceededError } from '../quota.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { readFilter } from './filter-arguments.ts';
import { DocumentFilterInput } from './filter-inputs.ts';
import { checkCount } from './ingest.ts';
import { Job } from './job.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const DeleteDocumentsPayload = builder.objectRef<readonly DocumentId[]>('DeleteDocumentsPayload').implement({
  description: 'The documents are gone, with their passages and vectors.',
  fields: (t) => ({
    deletedIds: t.globalIDList({
      description: 'Global ids of those that were there. Ids that did not exist for this tenant are not among them.',
      resolve: (ids) => ids.map((id) => ({ type: Document, id })),
    }),
  }),
});

builder.mutationField('deleteDocuments', (t) =>
  t.field({
    type: DeleteDocumentsPayload,
    description:
      'Deletes documents: nothing shows them from then on. `restoreDocuments` brings them back until they are purged, a week later unless the operator set another time.',
    authScopes: { token: 'documents:write' },
    extensions: { ...priced({ points: 10 }), ...tagged('write') },
    args: {
      ids: t.arg.globalIDList({ required: true, for: Document, description: 'At most 200.' }),
      permanently: t.arg.boolean({
        defaultValue: false,
        description: 'Whether they are purged at once, those that were deleted before included.',
      }),
    },
    resolve: (_root, { ids, permanently }, { deps, principal }) => {
      checkCount(ids.length);
      const options = { permanently: permanently ?? false };
      return deleteDocuments(deps, requirePrincipal(principal), readIds(ids), options);
    },
  }),
);

const DeleteByFilterPayload = builder.objectRef<FilteredDeletion>('DeleteByFilterPayload').implement({
  description: 'The documents are gone. What is left of them is cleared away.',
  fields: (t) => ({
    deleted: t.exposeInt('deleted', { description: 'How many documents were deleted.' }),
    hasMore: t.exposeBoolean('hasMore', {
      description: 'Whether there may be more of them: one call deletes 20,000 at most. Call again.',
    }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'How far the clearing away is. Null where it is done: up to 200 documents.',
      resolve: ({ jobId }, _args, { loaders }) => (jobId === null ? null : loaders.job.load(jobId)),
    }),
  }),
});

builder.mutationField('deleteByFilter', (t) =>
  t.field({
    type: DeleteByFilterPayload,
    description:
      'Deletes the documents that a filter selects, as `deleteDocuments` does: nothing shows them from then on, however many they are.',
    authScopes: { token: 'documents:write' },
    extensions: { ...priced({ points: 200 }), ...tagged('write') },
    args: {
      filter: t.arg({ type: DocumentFilterInput, required: true, description: 'Which ones: one condition at least.' }),
    },
    resolve: (_root, { filter }, { deps, principal }) =>
      deleteByFilter(deps, requirePrincipal(principal), readFilter(filter)),
  }),
);

const RestoreDocumentsPayload = builder.objectRef<Restoration>('RestoreDocumentsPayload').implement({
  description: 'The documents are there again, found by their words at once and by meaning when they are embedded.',
  fields: (t) => ({
    restoredIds: t.globalIDList({
      description: 'Global ids of those that were deleted, not yet purged, and have not expired.',
      resolve: ({ ids }) => ids.map((id) => ({ type: Document, id })),
    }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'How far the embedding is. Null where nothing is to be embedded.',
      resolve: ({ jobId }, _args, { loaders }) => (jobId === null ? null : loaders.job.load(jobId)),
    }),
  }),
});

builder.mutationField('restoreDocuments', (t) =>
  t.field({
    type: RestoreDocumentsPayload,
    description: 'Brings deleted documents back as they were.',
    authScopes: { token: 'documents:write' },
    extensions: { ...priced({ points: 10 }), ...tagged('write') },
    errors: {
      types: [QuotaExceededError],
      union: { name: 'RestoreDocumentsResult', description: 'The documents that are back, or why none is.' },
    },
    args: { ids: t.arg.globalIDList({ required: true, for: Document, description: 'At most 200.' }) },
    resolve: (_root, { ids }, { deps, principal }) => {
      checkCount(ids.length);
      return restoreDocuments(deps, requirePrincipal(principal), readIds(ids));
    },
  }),
);

function readIds(ids: readonly { readonly id: string }[]): DocumentId[] {
  return ids.map(({ id }) => id).filter(isDocumentId);
}
