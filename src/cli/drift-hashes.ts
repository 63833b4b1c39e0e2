import type { DriftHashes } from '../drift/find-drift.ts';
import { contentHash } from '../ingest/content-hash.ts';
import { isKnownHash } from '../ingest/known-hash.ts';

/** How ingest computes what it knows chunks and documents by. */
export const driftHashes: DriftHashes = { ofChunk: contentHash, fitsDocument: isKnownHash };
