import { Refusal } from '../errors.ts';
import type { DocumentId } from '../ids.ts';
import {
  type DocumentInput,
  documentLimits,
  InvalidDocumentError,
  VersionConflictError,
} from '../ingest/document-input.ts';
import { IdempotencyError } from '../ingest/only-once.ts';
import { writeDocuments } from '../ingest/upsert-documents.ts';
import type { LeftOut, UpsertOutcome, UpsertStatus, WriteResult } from '../ingest/write.ts';
import { QuotaExceededError } from '../quota.ts';
import { AccessListInput, readAccessList } from './access-list.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { readGlobalId, readJobGlobalId, tryReadGlobalId } from './global-ids.ts';
import { Job } from './job.ts';
import { LanguageEnum } from './language.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const UpsertDocumentInput = builder.inputType('UpsertDocumentInput', {
  description:
    'A document to create, or to replace whole: by `id`, or by `externalId` within its collection; new without either.',
  fields: (t) => ({
    // Read with the document: one that is none is a fault of this document alone.
    id: t.id({ description: 'Of a document that exists.' }),
    externalId: t.string({
      description: 'Your own key, 1 to 512 characters: the same key later means the same document.',
    }),
    collection: t.string({
      required: true,
      description: '1 to 64 characters; it comes to be with its first document.',
    }),
    title: t.string({ required: true, description: '1 to 1,000 characters. Embedded with every passage.' }),
    body: t.string({ required: true, description: 'Plain text or Markdown, 1 to 1,000,000 characters.' }),
    url: t.string({ description: 'Where people read it: an absolute http or https address.' }),
    metadata: t.field({
      type: 'JSONObject',
      description:
        'What it carries besides its text, at most 16 KiB as JSON. What the collection declares as an attribute must be of its type, null or absent.',
    }),
    status: t.string({
      description:
        'Where it stands: a word of your own such as `draft`, 1 to 64 characters; `published` without it. A change of it embeds nothing anew.',
    }),
    language: t.field({
      type: LanguageEnum,
      description: "Its own language, where that is another than the collection's.",
    }),
    acl: t.field({
      type: AccessListInput,
      description:
        'Who may see it. Without it the whole tenant may, also where an earlier write said otherwise. A change of it embeds nothing anew.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'From when on it is gone by itself: it is not found from that moment on. Never without it.',
    }),
    ifVersion: t.int({
      description: 'Write it only if it is at this version, 0 for a document that must not be there yet.',
    }),
  }),
});

const UpsertStatusEnum = builder.enumType('UpsertStatus', {
  description: 'What became of a document.',
  values: {
    CREATED: { description: 'It is new.' },
    UPDATED: { description: 'It was there and has changed.' },
    UNCHANGED: { description: 'It was there, just like this; nothing was written.' },
  } satisfies Record<UpsertStatus, { description: string }>,
});

export const UpsertedDocument = builder.objectRef<UpsertOutcome>('UpsertedDocument').implement({
  description: 'What became of one document of the input.',
  fields: (t) => ({
    status: t.expose('status', { type: UpsertStatusEnum, description: 'Created, updated or unchanged.' }),
    version: t.exposeInt('version', { description: 'Its version now.' }),
    document: t.field({
      type: Document,
      nullable: true,
      description:
        'The document as it is now. Null if it was deleted in the meantime, or if its acl does not name you.',
      resolve: ({ id }, _args, { loaders }) => loaders.document.load(id),
    }),
    index: t.exposeInt('index', { description: 'Position of the document in the input, from 0.' }),
    id: t.globalID({ description: "The document's global id.", resolve: ({ id }) => ({ type: Document, id }) }),
  }),
});

const LeftOutDocument = builder.objectRef<LeftOut>('LeftOutDocument').implement({
  description: 'A document that was not stored, while others of the same write were.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Position of the document in the input, from 0.' }),
    code: t.exposeString('code', { description: '`INVALID_DOCUMENT` or `VERSION_CONFLICT`.' }),
    message: t.exposeString('message', { description: 'What was wrong, in a sentence.' }),
    currentVersion: t.int({
      nullable: true,
      description: 'Of a version conflict: the version that it is at, 0 where there is no such document.',
      resolve: ({ currentVersion }) => currentVersion ?? null,
    }),
  }),
});

const UpsertDocumentsPayload = builder.objectRef<WriteResult>('UpsertDocumentsPayload').implement({
  description: 'The documents are stored and found by their words; their vectors follow.',
  fields: (t) => ({
    documents: t.field({
      type: [UpsertedDocument],
      description: 'One for each document of the input that was not left out, in order.',
      resolve: ({ outcomes }) => [...outcomes],
    }),
    leftOut: t.field({
      type: [LeftOutDocument],
      description: 'Documents that could not be stored, in order; none unless `atomic` is false.',
      resolve: ({ leftOut }) => [...leftOut],
    }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'How far the embedding is. Null where nothing is to be embedded.',
      resolve: ({ jobId }, _args, { loaders }) => (jobId === null ? null : loaders.job.load(jobId)),
    }),
  }),
});

builder.mutationField('upsertDocuments', (t) =>
  t.field({
    type: UpsertDocumentsPayload,
    description:
      'Creates or replaces documents: all of them, or none if one cannot be stored. Unchanged documents cost a read. An edited document is found all the time: by its new words at once, and by its old vectors until the new ones are there.',
    authScopes: { token: 'documents:write' },
    extensions: {
      ...priced({ points: 10, list: { argument: 'input', otherwise: 200, most: 200, fields: ['documents'] } }),
      ...tagged('write'),
    },
    errors: {
      types: [InvalidDocumentError, VersionConflictError, IdempotencyError, QuotaExceededError],
      union: { name: 'UpsertDocumentsResult', description: 'What became of the documents, or why none was stored.' },
    },
    args: {
      input: t.arg({ type: [UpsertDocumentInput], required: true, description: 'At most 200 documents.' }),
      atomic: t.arg.boolean({
        defaultValue: true,
        description:
          'Whether nothing is stored where one document cannot be. False: the others are, and `leftOut` says why not all.',
      }),
      idempotencyKey: t.arg.string({
        description:
          'Your name for this write, 1 to 255 characters. Sent again within a day by the same subject, the write is answered with what it came to the first time, and not done again.',
      }),
      job: t.arg.id({ description: 'A `Job.id` of an earlier write, to follow both as one.' }),
    },
    resolve: (_root, { input, atomic, idempotencyKey, job }, { deps, principal }) => {
      checkCount(input.length);
      return writeDocuments(deps, requirePrincipal(principal), {
        documents: input.map((document) => readDocument(document, atomic ?? true)),
        atomic: atomic ?? true,
        ...(idempotencyKey != null && { idempotencyKey }),
        ...(job != null && { jobId: readJobGlobalId(String(job)) }),
      });
    },
  }),
);

export function checkCount(count: number): void {
  const { documentsPerWrite } = documentLimits;
  if (count <= documentsPerWrite) return;
  throw new Refusal(
    'BAD_USER_INPUT',
    `The write has ${count} documents; at most ${documentsPerWrite} are allowed in one.`,
  );
}

/** @throws {Refusal} `BAD_USER_INPUT` for an id that is none, where nothing is to be stored without its document. */
function readDocument(input: typeof UpsertDocumentInput.$inferInput, isAtomic: boolean): DocumentInput {
  const { id, externalId, url, metadata, status, language, acl, expiresAt, ifVersion, collection, title, body } = input;
  return {
    ...(id != null && { id: readId(String(id), isAtomic) }),
    ...(externalId != null && { externalId }),
    ...(url != null && { url }),
    ...(metadata != null && { metadata }),
    ...(status != null && { status }),
    ...(language != null && { language }),
    ...(acl != null && { acl: readAccessList(acl) }),
    ...(expiresAt != null && { expiresAt }),
    ...(ifVersion != null && { ifVersion }),
    collection,
    title,
    body,
  };
}

/** What is no document's id becomes one that no document has, which is found with the document's other faults. */
function readId(globalId: string, isAtomic: boolean): DocumentId {
  const read = isAtomic ? readGlobalId(globalId) : tryReadGlobalId(globalId);
  return (read?.id ?? '') as DocumentId;
}
