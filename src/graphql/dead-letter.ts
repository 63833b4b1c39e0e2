import { type DeadLetter as DeadLetterShape, type Requeued, readDeadLetters, requeue } from '../ingest/dead-letters.ts';
import { documentLimits } from '../ingest/document-input.ts';
import { checkPageSize, largestPageSize } from '../page.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { readDeadLetterGlobalId, writeDeadLetterId } from './global-ids.ts';
import { checkCount } from './ingest.ts';
import { Job } from './job.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const DeadLetter = builder.objectRef<DeadLetterShape>('DeadLetter').implement({
  description:
    'A passage that the embedding provider refused again and again, each time by itself. It is found by its words, and in an edited document by the vectors of the text before.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque, to be passed to `requeue`.', resolve: writeDeadLetterId }),
    model: t.exposeString('model', {
      description:
        'The model whose provider it was, as `Model.name`: the one that searches look at, or a candidate, of which no search misses anything yet.',
    }),
    document: t.field({
      type: Document,
      nullable: true,
      description: 'The document that the passage is from. Null if it was deleted in the meantime.',
      resolve: ({ documentId }, _args, { loaders }) => loaders.document.load(documentId),
    }),
    ordinal: t.exposeInt('ordinal', { description: 'Position of the passage in the document, from 0.' }),
    reason: t.exposeString('reason', { description: "The provider's objection, without any text of the document." }),
    attempts: t.exposeInt('attempts', { description: 'How often it was sent.' }),
    deadAt: t.expose('deadAt', { type: 'DateTime', description: 'Since when it is not sent any more.' }),
  }),
});

builder.queryField('deadLetters', (t) =>
  t.field({
    type: [DeadLetter],
    description:
      'Passages that the embedding provider refused for good, of the active model and of a candidate, and those whose documents could not be divided anew.',
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 5, list: { argument: 'first', otherwise: 10, most: largestPageSize } }),
    args: {
      first: t.arg.int({ description: 'How many, 1 to 100; 10 without it.' }),
      model: t.arg.string({ description: 'Those of this model alone, by its name as `models` gives it.' }),
    },
    resolve: (_root, { first, model }, { deps, principal }) =>
      readDeadLetters(deps, requirePrincipal(principal), { limit: checkPageSize(first), model: model ?? undefined }),
  }),
);

const RequeuePayload = builder.objectRef<Requeued>('RequeuePayload').implement({
  description: 'The passages wait for their vectors again, as if they were new.',
  fields: (t) => ({
    requeued: t.exposeInt('requeued', { description: 'How many dead letters there were.' }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'How far the embedding is, of all of them. Null where there was none.',
      resolve: ({ jobId }, _args, { loaders }) => (jobId === null ? null : loaders.job.load(jobId)),
    }),
  }),
});

builder.mutationField('requeue', (t) =>
  t.field({
    type: RequeuePayload,
    description: 'Sends dead letters again.',
    authScopes: { token: 'documents:write' },
    extensions: { ...priced({ points: 10 }), ...tagged('write') },
    args: {
      ids: t.arg.idList({
        description: `Which ones, as \`DeadLetter.id\` gave them, at most ${documentLimits.documentsPerWrite}; all without it.`,
      }),
    },
    resolve: (_root, { ids }, { deps, principal }) => {
      if (ids) checkCount(ids.length);
      const letters = ids?.map((id) => readDeadLetterGlobalId(String(id)));
      return requeue(deps, requirePrincipal(principal), letters);
    },
  }),
);
