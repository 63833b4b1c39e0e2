import type { Chunking } from '../chunking.ts';
import { type ChunkedDocument, chunkDocument, type DocumentChunk } from './chunk-document.ts';

/** `chunkDocument`, which remembers what it divided: the documents of one batch are divided to be checked, and to be written. */
export function divideOnce(): typeof chunkDocument {
  const known = new Map<string, DocumentChunk[]>();
  const names = new WeakMap<Chunking, string>();
  const nameOf = (chunking: Chunking) => {
    const name = names.get(chunking) ?? JSON.stringify(chunking);
    names.set(chunking, name);
    return name;
  };
  return (document, chunking, server) => {
    const key = `${nameOf(chunking)}${keyOf(document)}`;
    const chunks = known.get(key) ?? chunkDocument(document, chunking, server);
    known.set(key, chunks);
    return chunks;
  };
}

function keyOf({ title, body, url, externalId }: ChunkedDocument): string {
  return `${JSON.stringify([url, externalId])}${title.length} ${title}${body}`;
}
