import { encodeGlobalID } from '@pothos/plugin-relay';
import { type DeadLetter as DeadLetterShape, readDeadLetters, requeue } from '../ingest/dead-letters.ts';
import { documentLimits } from '../ingest/document-input.ts';
import { checkPageSize, largestPageSize } from '../page.ts';
import { builder } from './builder.ts';
import { requirePrincipal } from './context.ts';
import { Document } from './document.ts';
import { deadLetterType, readDeadLetterGlobalId } from './global-ids.ts';
import { checkCount } from './ingest.ts';
import { priced } from './price.ts';
import { tagged } from './tags.ts';

const DeadLetter = builder.objectRef<DeadLetterShape>('DeadLetter').implement({
  description:
    'A passage that the embedding provider refused again and again, each time by itself. It is found by its words, and in an edited document by the vectors of the text before.',
  fields: (t) => ({
    id: t.id({
      description: 'Opaque, to be passed to `requeue`.',
      resolve: ({ chunkId }) => encodeGlobalID(deadLetterType, chunkId),
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
    description: 'Passages that the embedding provider refused for good.',
    authScopes: { token: 'documents:read' },
    extensions: priced({ points: 5, list: { argument: 'first', otherwise: 10, most: largestPageSize } }),
    args: { first: t.arg.int({ description: 'How many, 1 to 100; 10 without it.' }) },
    resolve: (_root, { first }, { deps, principal }) =>
      readDeadLetters(deps, requirePrincipal(principal), checkPageSize(first)),
  }),
);

const RequeuePayload = builder.objectRef<{ readonly requeued: number }>('RequeuePayload').implement({
  description: 'The passages wait for their vectors again, as if they were new.',
  fields: (t) => ({
    requeued: t.exposeInt('requeued', { description: 'How many dead letters there were.' }),
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
    resolve: async (_root, { ids }, { deps, principal }) => {
      if (ids) checkCount(ids.length);
      const chunkIds = ids?.map((id) => readDeadLetterGlobalId(String(id)));
      return { requeued: await requeue(deps, requirePrincipal(principal), chunkIds) };
    },
  }),
);
