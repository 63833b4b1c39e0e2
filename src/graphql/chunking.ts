import {
  type ChunkContext,
  type Chunking as ChunkingShape,
  type ChunkKind,
  chunkContexts,
  chunkKinds,
  defaultChunking,
} from '../chunking.ts';
import { builder } from './builder.ts';

const kindDescriptions: Record<ChunkKind, string> = {
  auto: 'CODE for documents whose `url` or `externalId` ends like a file of source code (`.py`, `.ts`), otherwise MARKDOWN.',
  markdown: 'Sections, then paragraphs, fenced code and list items, then sentences. Plain text is Markdown too.',
  recursive: 'Paragraphs between blank lines, then sentences. No mark means anything, and there are no headings.',
  code: 'Lines of source code in any language, cut before a declaration rather than elsewhere.',
  sentence: 'Windows of as many sentences as fit, wherever paragraphs end.',
};

const contextDescriptions: Record<ChunkContext, string> = {
  none: 'The text alone.',
  title: "The document's title.",
  title_and_headings: "The document's title and the headings above the passage.",
};

function valuesOf<T extends string>(values: readonly T[], descriptions: Record<T, string>) {
  return Object.fromEntries(
    values.map((value) => [value.toUpperCase(), { value, description: descriptions[value] }]),
  ) as Record<Uppercase<T>, { value: T; description: string }>;
}

const ChunkKindEnum = builder.enumType('ChunkKind', {
  description: 'How the text of a document is divided into passages.',
  values: valuesOf(chunkKinds, kindDescriptions),
});

const ChunkContextEnum = builder.enumType('ChunkContext', {
  description: 'What is embedded, and found by its words, together with the text of a passage: its `context`.',
  values: valuesOf(chunkContexts, contextDescriptions),
});

/** How a collection's documents are divided, in answers. */
export const Chunking = builder.objectRef<ChunkingShape>('Chunking').implement({
  description: 'How the documents of a collection are divided into passages.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ChunkKindEnum, description: 'By which structure.' }),
    maxTokens: t.exposeInt('maxTokens', {
      nullable: true,
      description: "Tokens of a passage, at most, as the model counts them. Null for the server's `CHUNK_TOKENS`.",
    }),
    overlapTokens: t.exposeInt('overlapTokens', {
      nullable: true,
      description:
        "Tokens that a passage repeats of the one before it, at most. Null for the server's `CHUNK_OVERLAP_TOKENS`, or a fifth of `maxTokens` where that is less.",
    }),
    context: t.expose('context', { type: ChunkContextEnum, description: 'What comes along with its text.' }),
  }),
});

/** The same as arguments have it. */
export const ChunkingInput = builder.inputType('ChunkingInput', {
  description: 'How documents are divided into passages. Example: `{ kind: CODE, maxTokens: 300, overlapTokens: 0 }`.',
  fields: (t) => ({
    kind: t.field({ type: ChunkKindEnum, description: 'By which structure; AUTO without it.' }),
    maxTokens: t.int({ description: "32 to 2,000, and no more than the model reads; the server's without it." }),
    overlapTokens: t.int({
      description: 'Less than half of `maxTokens`, which must be given too; without it as in `Chunking`.',
    }),
    context: t.field({ type: ChunkContextEnum, description: 'TITLE_AND_HEADINGS without it.' }),
  }),
});

/** What is left out is as it is for a collection that says nothing. */
export function readChunking(input: typeof ChunkingInput.$inferInput | null | undefined): ChunkingShape {
  return {
    kind: input?.kind ?? defaultChunking.kind,
    maxTokens: input?.maxTokens ?? defaultChunking.maxTokens,
    overlapTokens: input?.overlapTokens ?? defaultChunking.overlapTokens,
    context: input?.context ?? defaultChunking.context,
  };
}
