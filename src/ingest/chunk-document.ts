import type { Chunking, ChunkKind } from '../chunking.ts';
import { type Chunk, chunkText } from './chunk.ts';
import { contextOf } from './chunk-context.ts';
import { contentHash } from './content-hash.ts';

/** What is the same for all documents of a process: how tokens are counted, and the size of a chunk where nobody says another. */
export interface ServerChunking {
  readonly countTokens: (text: string) => number;
  readonly maxTokens: number;
  readonly overlapTokens: number;
  /** Tokens of the longest text that every model reads whole, title and headings included; not looked at without it. */
  readonly modelTokens?: number | undefined;
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

/**
 * Divides a document as its collection says, and smaller where a chunk would be more than the model reads with its title and headings:
 * for all of the document, so that what its chunks are is decided by one number.
 */
export function chunkDocument(document: ChunkedDocument, chunking: Chunking, server: ServerChunking): DocumentChunk[] {
  let size = chunking.maxTokens ?? server.maxTokens;
  const overlap = chunking.overlapTokens ?? usualOverlap(chunking, server);
  for (let repeated = overlap; ; repeated = Math.min(overlap, Math.floor(size / 5))) {
    const chunks = divide(document, chunking, { ...server, maxTokens: size, overlapTokens: repeated });
    const over = tokensOver(chunks, size, server);
    if (over <= 0 || size === 1) return chunks;
    size = Math.max(1, size - over);
  }
}

function divide(document: ChunkedDocument, chunking: Chunking, server: ServerChunking): DocumentChunk[] {
  const chunks = chunkText(document.body, { ...server, kind: chooseKind(chunking.kind, document) });
  const contexts = new Map<string, string>();
  return chunks.map((chunk) => {
    const path = chunk.headings.join('\n');
    const context = contexts.get(path) ?? contextOf(document.title, chunk.headings, chunking, server);
    contexts.set(path, context);
    return { ...chunk, context, contentHash: contentHash(context, chunk.text) };
  });
}

/** By how many tokens the largest chunk is more than the model reads. Counted only where context and size may come to that. */
function tokensOver(
  chunks: readonly DocumentChunk[],
  size: number,
  { countTokens, modelTokens }: ServerChunking,
): number {
  if (modelTokens === undefined) return 0;
  const room = new Map<string, number>();
  let most = 0;
  for (const { context, text } of chunks) {
    const left = room.get(context) ?? modelTokens - countTokens(context) - 1;
    room.set(context, left);
    if (size > left) most = Math.max(most, countTokens(`${context}\n${text}`));
  }
  return most - modelTokens;
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

/** Endings of files that are source code, of the languages that are most written. */
const codeFile =
  /\.(?:c|cc|clj|cpp|cs|css|dart|ex|exs|go|h|hpp|hs|java|js|jsx|kt|kts|lua|mjs|ml|php|pl|py|rb|rs|scala|sh|sql|swift|ts|tsx|vue|zig)$/i;

function chooseKind(kind: ChunkKind, { url, externalId }: Pick<ChunkedDocument, 'url' | 'externalId'>) {
  if (kind !== 'auto') return kind;
  const path = url?.replace(/[?#].*$/s, '');
  return [path, externalId].some((name) => name != null && codeFile.test(name)) ? 'code' : 'markdown';
}
