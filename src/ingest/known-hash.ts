import { type Chunking, defaultChunking } from '../chunking.ts';
import { documentHash } from './resolve-documents.ts';
import type { DocumentRow } from './upsert-statements.ts';

/**
 * Whether a stored document may be known by the hash that it has. A collection that says nothing of how its documents are divided
 * leaves that to a document's address, which may have changed since: that divides nothing anew.
 * @param chunking of its collection since before the document was written; null for the usual way.
 */
export function isKnownHash(
  document: Pick<DocumentRow, 'title' | 'body' | 'language' | 'url' | 'externalId' | 'contentHash'>,
  chunking: Chunking | null,
): boolean {
  const given = chunking ?? defaultChunking;
  const kinds = given.kind === 'auto' ? (['markdown', 'code'] as const) : [given.kind];
  return kinds.some((kind) => documentHash(document, { chunking: { ...given, kind } }).equals(document.contentHash));
}
