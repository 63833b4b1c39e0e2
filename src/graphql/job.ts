import { encodeGlobalID } from '@pothos/plugin-relay';
import { Refusal } from '../errors.ts';
import { type DocumentId, isDocumentId, type JobId } from '../ids.ts';
import { documentLimits } from '../ingest/document-input.ts';
import type { JobKind } from '../ingest/queue-chunks.ts';
import { type Job as JobShape, listJobs } from '../ingest/read-jobs.ts';
import { reembed } from '../ingest/reembed.ts';
import { checkPageSize, largestPageSize } from '../page.ts';
import { QuotaExceededError } from '../quota.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { jobType, readJobGlobalId } from './global-ids.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const kindDescriptions: Record<JobKind, string> = {
  write: 'Embedding what a write or an import stored.',
  reembed: 'Embedding stored documents anew.',
  delete: 'Deleting documents.',
  backfill: 'Embedding everything by a second model, beside the one that is searched.',
};

const JobKindEnum = builder.enumType('JobKind', {
  description: 'What a job is for.',
  values: Object.fromEntries(
    Object.entries(kindDescriptions).map(([value, description]) => [value.toUpperCase(), { value, description }]),
  ) as Record<Uppercase<JobKind>, { value: JobKind; description: string }>,
});

const JobStatusEnum = builder.enumType('JobStatus', {
  description: 'Whether anything is left to be done.',
  values: {
    RUNNING: { description: 'Something waits for a worker, or is in its hands.' },
    FINISHED: { description: 'Everything is done, or has failed for good.' },
  } satisfies Record<JobShape['status'], { description: string }>,
});

export const Job = builder.objectRef<JobShape>('Job').implement({
  description: 'Work that a write leaves to the worker, and how far it is. Kept for a month after its last progress.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => encodeGlobalID(jobType, id) }),
    kind: t.expose('kind', { type: JobKindEnum, description: 'What it is for.' }),
    status: t.expose('status', {
      type: JobStatusEnum,
      description: 'Whether anything is left. An import that is still being sent may look finished between two writes.',
    }),
    total: t.exposeInt('total', { description: 'Passages to embed, or documents to delete.' }),
    done: t.exposeInt('done', {
      description:
        'How many of them are done. In the end also those that were replaced or deleted before their turn, or became part of another job.',
    }),
    failed: t.exposeInt('failed', {
      description: 'How many the embedding provider refused for good; `deadLetters` tells which.',
    }),
    ratePerSecond: t.exposeFloat('ratePerSecond', { description: 'Done in a second, on the mean.' }),
    secondsLeft: t.exposeFloat('secondsLeft', {
      nullable: true,
      description: 'What is left at that rate. Null where it is finished, or nothing is done yet.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When something of it was last done: its end, where it is finished.',
    }),
  }),
});

builder.queryField('job', (t) =>
  t.field({
    type: Job,
    nullable: true,
    description: 'One job by its id. Null where it does not exist for this tenant.',
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 2 }),
    args: { id: t.arg.id({ required: true, description: 'As `Job.id` gave it.' }) },
    resolve: (_root, { id }, { loaders }) => loaders.job.load(readJobGlobalId(String(id))),
  }),
);

builder.queryField('jobs', (t) =>
  t.field({
    type: [Job],
    description: 'Jobs of this tenant, newest first.',
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 5, list: { argument: 'first', otherwise: 10, most: largestPageSize } }),
    args: { first: t.arg.int({ description: 'How many, 1 to 100; 10 without it.' }) },
    resolve: (_root, { first }, { deps, principal }) =>
      listJobs(deps, requirePrincipal(principal), checkPageSize(first)),
  }),
);

const ReembedPayload = builder.objectRef<{ readonly jobId: JobId | null }>('ReembedPayload').implement({
  description: 'The passages wait for new vectors, and are searched by the old ones until then.',
  fields: (t) => ({
    job: t.field({
      type: Job,
      nullable: true,
      description: 'How far it is. Null where there was nothing to embed.',
      resolve: ({ jobId }, _args, { loaders }) => (jobId === null ? null : loaders.job.load(jobId)),
    }),
  }),
});

builder.mutationField('reembed', (t) =>
  t.field({
    type: ReembedPayload,
    description:
      'Has stored documents embedded anew, such as after a change of the provider, and divided anew where they would be divided otherwise now. Give a collection or ids, not both.',
    authScopes: { token: 'documents:write' },
    extensions: { ...priced({ points: 50 }), ...tagged('write') },
    errors: {
      types: [QuotaExceededError],
      union: { name: 'ReembedResult', description: 'The passages that are embedded anew, or why none is.' },
    },
    args: {
      collection: t.arg.string({ description: 'Every document of this collection.' }),
      ids: t.arg.globalIDList({ for: Document, description: 'These documents, at most 200.' }),
    },
    resolve: async (_root, { collection, ids }, { deps, principal }) => ({
      jobId: await reembed(deps, requirePrincipal(principal), readTarget(collection, ids)),
    }),
  }),
);

function readTarget(collection: string | null | undefined, ids: readonly { readonly id: string }[] | null | undefined) {
  const { documentsPerWrite } = documentLimits;
  if (collection != null && ids == null && !collection.includes('\0')) return { collection };
  if (ids != null && collection == null && ids.length <= documentsPerWrite)
    return { ids: ids.map(({ id }) => id).filter(isDocumentId) as DocumentId[] };
  throw new Refusal(
    'BAD_USER_INPUT',
    `"reembed" was given ${collection == null ? 'no collection' : 'a collection'} and ${ids?.length ?? 'no'} ids; one collection, or at most ${documentsPerWrite} ids are allowed.`,
  );
}
