import { setImmediate } from 'node:timers/promises';
import type { Principal } from '../auth/principal.ts';
import { planOnceStatements } from '../db/plan-once.ts';
import { writeAsTenant } from '../db/tenant.ts';
import type { DocumentId, JobId } from '../ids.ts';
import { announceOutcomes } from './announce-outcomes.ts';
import type { chunkDocument } from './chunk-document.ts';
import {
  type CollectionSettings,
  lockCollectionsStatement,
  readCollectionSettings,
  undeclared,
} from './collection-settings.ts';
import { copiedRows } from './copied-rows.ts';
import { divideOnce } from './divide-once.ts';
import { checkDocuments, type DocumentInput, InvalidDocumentError, type OnFault } from './document-input.ts';
import { registerTenantStatement } from './upsert-statements.ts';
import type { IngestDeps, UpsertOutcome } from './write.ts';
import { writeChecked } from './write-checked.ts';

/** A document of a load, and the vectors that were made of it elsewhere. */
export interface LoadedDocument {
  readonly input: DocumentInput;
  /** Unit length, one for each of the chunks that the document is divided into, in order. Absent: the worker makes them. */
  readonly vectors?: readonly Float32Array[];
}

/** A vector, and what it is of: a chunk of a document that says this. */
export interface LoadedVector {
  readonly documentId: DocumentId;
  /** Of the chunk, 32 bytes. */
  readonly contentHash: Buffer;
  readonly full: Float32Array;
  /** True where the document was not there before, so that nothing of an earlier embedding can be. */
  readonly isNew: boolean;
}

/** Documents of a load, divided as far as it could be done ahead. */
export interface PreparedLoad {
  readonly documents: readonly LoadedDocument[];
  readonly divide: typeof chunkDocument;
}

/** What a part of a load came to. */
export interface LoadResult {
  readonly outcomes: readonly UpsertOutcome[];
  /** The one job of the load; null where nothing was to be embedded so far. */
  readonly jobId: JobId | null;
  /** To be written for the chunks that wait for them. */
  readonly vectors: readonly LoadedVector[];
  /** Of the documents' collections. */
  readonly settings: ReadonlyMap<string, CollectionSettings>;
}

/**
 * For how long the jobs of chunks that bring their vectors are the load's own. Their vectors follow within seconds; when the
 * load dies in between, workers embed them.
 */
const leaseSeconds = 120;

/** For how long a batch is readied before those are let through that wait for PostgreSQL: the batch before has a dozen statements. */
const sliceMs = 2;

/**
 * Does ahead, while the documents before are being stored, what costs a load most: those with vectors are divided, because each
 * vector is of a chunk.
 * @param documents either all with vectors, or none.
 * @param settings of collections, as they were a moment ago. Where one has changed since, its documents are divided again.
 */
export async function prepareLoad(
  { chunking }: Pick<IngestDeps, 'chunking'>,
  documents: readonly LoadedDocument[],
  settings: ReadonlyMap<string, CollectionSettings>,
): Promise<PreparedLoad> {
  const divide = divideOnce();
  let startedMs = performance.now();
  for (const { input, vectors } of documents) {
    if (!vectors) continue;
    divide(...divisionOf(input, settings), chunking);
    if (performance.now() - startedMs < sliceMs) continue;
    await setImmediate();
    startedMs = performance.now();
  }
  return { documents, divide };
}

function divisionOf(input: DocumentInput, settings: ReadonlyMap<string, CollectionSettings>) {
  const document = { ...input, url: input.url ?? null, externalId: input.externalId ?? null };
  return [document, (settings.get(input.collection) ?? undeclared).chunking] as const;
}

/** A part of a load. */
export interface LoadRequest {
  readonly prepared: PreparedLoad;
  /** Of the parts before. */
  readonly jobId: JobId | null;
  /**
   * Told of each document that is left out, or throws, and then nothing is stored. It may be told again where another
   * transaction overtook this one.
   */
  readonly onFault: OnFault;
  /** Told when everything is sent and PostgreSQL has most of its work before it; not at all where there is none. */
  readonly onSent?: () => void;
}

/**
 * Stores documents as an upsert does, of any number, through binary COPY and in one transaction.
 * @param deps with a database whose connections are not pipelined.
 */
export async function loadDocuments(
  deps: IngestDeps,
  principal: Principal,
  { prepared: { documents, divide }, jobId, onFault, onSent = () => {} }: LoadRequest,
): Promise<LoadResult> {
  const inputs = documents.map(({ input }) => input);
  const bringsVectors = documents.some(({ vectors }) => vectors !== undefined);
  const { tenantId } = principal;
  const result = await writeAsTenant(deps.database, principal, async (execute, copy) => {
    for (const statement of planOnceStatements()) await execute(statement);
    await execute(registerTenantStatement(tenantId));
    await execute(lockCollectionsStatement(tenantId, 'write'));
    const names = inputs.map(({ collection }) => collection);
    const settings = await readCollectionSettings(tenantId, names, execute);
    const hashes = new Map<number, Buffer[]>();
    const checked = checkDocuments(inputs, onFault).filter(({ index, input }) => {
      const { vectors } = documents[index] as LoadedDocument;
      if (!vectors) return true;
      const wanted = divide(...divisionOf(input, settings), deps.chunking).map(({ contentHash }) => contentHash);
      if (wanted.length !== vectors.length) onFault(countFault(index, wanted.length, vectors.length));
      else hashes.set(index, wanted);
      return wanted.length === vectors.length;
    });
    const write = {
      documents: inputs,
      ...(jobId !== null && { jobId }),
      ...(bringsVectors && { leaseSeconds }),
    };
    // Tokens count where something is embedded.
    const own = { ...(bringsVectors ? withoutTexts(deps) : deps), divide };
    const writer = copiedRows(tenantId, execute, copy, onSent);
    const written = await writeChecked(own, principal, checked, write, onFault, execute, writer);
    const vectors = written.outcomes.flatMap(({ index, id, status }) =>
      (hashes.get(index) ?? []).map((hash, ordinal): LoadedVector => {
        const full = documents[index]?.vectors?.[ordinal] as Float32Array;
        return { documentId: id, contentHash: hash, full, isNew: status === 'CREATED' };
      }),
    );
    return { ...written, jobId: written.jobId ?? jobId, vectors, settings };
  });
  announceOutcomes(deps, principal, result.outcomes);
  if (result.jobId !== null && !bringsVectors) deps.onPending();
  return result;
}

function withoutTexts(deps: IngestDeps): IngestDeps {
  return {
    ...deps,
    checkWrite: (principal, added, execute) => deps.checkWrite(principal, { ...added, texts: () => [] }, execute),
  };
}

function countFault(index: number, chunks: number, vectors: number): InvalidDocumentError {
  return new InvalidDocumentError(
    index,
    `it is divided into ${chunks} chunks and comes with ${vectors} vectors; one for each chunk, in order, is allowed. A collection whose chunks may be larger divides less.`,
  );
}
