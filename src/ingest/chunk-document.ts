import type { Chunking, ChunkKind } from '../chunking.ts';
import { type Chunk, chunkText } from './chunk.ts';
import { contentHash } from './content-hash.ts';

/** What is the same for all documents of a process: how tokens are counted, and the size of a chunk where nobody says another. */
export interface ServerChunking {
  readonly countTokens: (text: string) => number;
  readonly maxTokens: number;
  readonly overlapTokens: number;
}

/** What the chunks of a document depend on. */
export interface ChunkedDocument {
  readonly title: string;
  readonly body: string;
  readonly url: string | null;
  readonly externalId: string | null;
}

/** A chunk, and what is embedded with it. */
export interface DocumentChunk extends Chunk {
  /** Title and headings joined by ` > `, as far as the collection wants them; empty without any. */
  readonly context: string;
  /** Of both, 32 bytes. */
  readonly contentHash: Buffer;
}

/** Divides a document as its collection says. */
export function chunkDocument(
  document: ChunkedDocument,
  chunking: Chunking,
  { countTokens, ...server }: ServerChunking,
): DocumentChunk[] {
  const maxTokens = chunking.maxTokens ?? server.maxTokens;
  const chunks = chunkText(document.body, {
    countTokens,
    maxTokens,
    overlapTokens: chunking.overlapTokens ?? usualOverlap(chunking, server),
    kind: chooseKind(chunking.kind, document),
  });
  return chunks.map((chunk) => {
    const context = contextOf(document.title, chunk.headings, chunking);
    return { ...chunk, context, contentHash: contentHash(context, chunk.text) };
  });
}

/** A collection's smaller chunks repeat less than the server's. */
function usualOverlap({ maxTokens }: Chunking, server: Omit<ServerChunking, 'countTokens'>): number {
  return maxTokens === null ? server.overlapTokens : Math.min(server.overlapTokens, Math.floor(maxTokens / 5));
}

/**
 * What tells one way of dividing a document from another, for the hash of its content: nothing for the usual one, so that
 * documents which were stored before are what they were.
 */
export function chunkingMark(document: Omit<ChunkedDocument, 'title' | 'body'>, chunking: Chunking): string[] {
  const { maxTokens, overlapTokens, context } = chunking;
  const kind = chooseKind(chunking.kind, document);
  const usual = kind === 'markdown' && maxTokens === null && overlapTokens === null && context === 'title_and_headings';
  return usual ? [] : [kind, `${maxTokens}`, `${overlapTokens}`, context];
}

function contextOf(title: string, headings: readonly string[], { context }: Chunking): string {
  if (context === 'none') return '';
  return (context === 'title' ? [title] : [title, ...headings]).join(' > ');
}

/** Endings of files that are source code, of the languages that are most written. */
const codeFile =
  /\.(?:c|cc|clj|cpp|cs|css|dart|ex|exs|go|h|hpp|hs|java|js|jsx|kt|kts|lua|mjs|ml|php|pl|py|rb|rs|scala|sh|sql|swift|ts|tsx|vue|zig)$/i;

function chooseKind(kind: ChunkKind, { url, externalId }: Pick<ChunkedDocument, 'url' | 'externalId'>) {
  if (kind !== 'auto') return kind;
  const path = url?.replace(/[?#].*$/s, '');
  return [path, externalId].some((name) => name != null && codeFile.test(name)) ? 'code' : 'markdown';
}
