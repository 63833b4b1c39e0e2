import type { Principal } from '../auth/principal.ts';
import type { Database, Execute } from '../db/database.ts';
import type { DocumentId, JobId } from '../ids.ts';
import type { chunkDocument, ServerChunking } from './chunk-document.ts';
import type { DocumentFault, DocumentInput } from './document-input.ts';

/** What ingest needs: a database, the model that chunks are measured and embedded with, and the size of a chunk. */
export interface IngestDeps {
  readonly database: Database;
  /** The model of a tenant that has none yet. */
  readonly modelId: number;
  readonly chunking: ServerChunking;
  /** `chunkDocument`, or one that remembers what it divided. */
  readonly divide?: typeof chunkDocument;
  /** Called after a commit that left chunks to embed. */
  readonly onPending: () => void;
  /** Keeps a write within the tenant's limits: called in its transaction with what it has added. What it throws undoes the write. */
  readonly checkWrite: (principal: Principal, added: AddedContent, execute: Execute) => Promise<void>;
}

/** What a write has added, in the transaction that is still open. */
export interface AddedContent {
  /** Documents that were not there, or not any more. */
  readonly documents: number;
  /** New chunks. */
  readonly chunks: number;
  /** The texts that are to be embedded, in parts; asked for only where tokens are limited. */
  readonly texts: () => AsyncIterable<readonly string[]> | Iterable<readonly string[]>;
}

export type UpsertStatus = 'CREATED' | 'UPDATED' | 'UNCHANGED';

export interface UpsertOutcome {
  /** Position of the document in the write, from 0. */
  readonly index: number;
  readonly id: DocumentId;
  readonly status: UpsertStatus;
  /** 1 for a new document, one more with each change. */
  readonly version: number;
}

/** A document that a write left out. */
export interface LeftOut {
  readonly index: number;
  readonly code: DocumentFault['code'];
  readonly message: string;
  /** Where the version was not the expected one; 0 for a document that is not there. */
  readonly currentVersion?: number;
}

export interface WriteRequest {
  readonly documents: readonly DocumentInput[];
  /** Whether nothing is written where one document cannot be. */
  readonly atomic: boolean;
  /** Has the same write sent again answered with what it came to the first time. */
  readonly idempotencyKey?: string;
  /** An earlier job of the tenant's that this write is another part of. */
  readonly jobId?: JobId;
}

/** What a write came to. Plain data: it is stored under the write's key. */
export interface WriteResult {
  /** One for each document that was not left out, in order. */
  readonly outcomes: readonly UpsertOutcome[];
  readonly leftOut: readonly LeftOut[];
  /** Of the chunks that are to be embedded; null where there are none. */
  readonly jobId: JobId | null;
}
