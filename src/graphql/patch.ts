import { isDocumentId } from '../ids.ts';
import { InvalidDocumentError, VersionConflictError } from '../ingest/document-input.ts';
import { type DocumentPatch, patchDocuments } from '../ingest/patch-documents.ts';
import type { UpsertOutcome } from '../ingest/write.ts';
import { AccessListInput, readAccessList } from './access-list.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { checkCount, UpsertedDocument } from './ingest.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const PatchDocumentInput = builder.inputType('PatchDocumentInput', {
  description: 'What is to become of a document beside its text. What is left out stays as it is.',
  fields: (t) => ({
    id: t.globalID({ for: Document, required: true, description: 'Of a document that exists.' }),
    metadata: t.field({ type: 'JSONObject', description: 'In place of all that is there, at most 16 KiB as JSON.' }),
    mergeMetadata: t.field({
      type: 'JSONObject',
      description: 'Into what is there: a key with null goes, any other is set whole.',
    }),
    status: t.string({ description: 'Where it stands now: 1 to 64 characters.' }),
    url: t.string({ description: 'Where people read it; null for nowhere.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'From when on it is gone by itself; null for never.' }),
    acl: t.field({
      type: AccessListInput,
      description: 'Who may see it from now on, in place of the list that is there; null for the whole tenant.',
    }),
    ifVersion: t.int({ description: 'Patch it only if it is at this version.' }),
  }),
});

const PatchDocumentsPayload = builder.objectRef<readonly UpsertOutcome[]>('PatchDocumentsPayload').implement({
  description: 'The documents are changed. Nothing is embedded anew.',
  fields: (t) => ({
    documents: t.field({
      type: [UpsertedDocument],
      description: 'One for each document of the input, in order: updated or unchanged.',
      resolve: (outcomes) => [...outcomes],
    }),
  }),
});

builder.mutationField('patchDocuments', (t) =>
  t.field({
    type: PatchDocumentsPayload,
    description:
      'Changes what documents carry beside their text: metadata, status, url, expiry, access list. All of them, or none if one cannot be changed like this.',
    authScopes: { token: 'documents:write' },
    extensions: {
      ...priced({ points: 10, list: { argument: 'input', otherwise: 200, most: 200, fields: ['documents'] } }),
      ...tagged('write'),
    },
    errors: {
      types: [InvalidDocumentError, VersionConflictError],
      union: { name: 'PatchDocumentsResult', description: 'What became of the documents, or why none was changed.' },
    },
    args: {
      input: t.arg({ type: [PatchDocumentInput], required: true, description: 'At most 200 documents.' }),
    },
    resolve: (_root, { input }, { deps, principal }) => {
      checkCount(input.length);
      return patchDocuments(deps, requirePrincipal(principal), input.map(readPatch));
    },
  }),
);

builder.mutationField('patchDocument', (t) =>
  t.field({
    type: UpsertedDocument,
    description: 'The same for one document.',
    authScopes: { token: 'documents:write' },
    extensions: { ...priced({ points: 20 }), ...tagged('write') },
    errors: {
      types: [InvalidDocumentError, VersionConflictError],
      union: { name: 'PatchDocumentResult', description: 'What became of the document, or why it was not changed.' },
    },
    args: { input: t.arg({ type: PatchDocumentInput, required: true, description: 'What is to become of it.' }) },
    resolve: async (_root, { input }, { deps, principal }) => {
      const who = requirePrincipal(principal);
      const [outcome] = await patchDocuments(deps, who, [readPatch(input, 0)], 'patchDocument');
      return outcome as UpsertOutcome;
    },
  }),
);

function readPatch(input: typeof PatchDocumentInput.$inferInput, index: number): DocumentPatch {
  const { metadata, mergeMetadata, status, url, expiresAt, acl, ifVersion } = input;
  const { id } = input.id;
  if (!isDocumentId(id)) throw new InvalidDocumentError(index, 'there is no document with the id that was given.');
  return {
    id,
    ...(metadata != null && { metadata }),
    ...(mergeMetadata != null && { mergeMetadata }),
    ...(status != null && { status }),
    ...(url !== undefined && { url }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(acl !== undefined && { acl: acl && readAccessList(acl) }),
    ...(ifVersion != null && { ifVersion }),
  };
}
