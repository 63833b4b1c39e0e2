import { StartupError } from '../../errors.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { GatewayError } from '../graphql-request.ts';
import { interruption } from '../interruption.ts';
import type { BatchStore } from './batch-store.ts';
import type { KeyedDocument } from './document-line.ts';
import { readJob } from './embed-remaining.ts';
import type { JobState } from './job-progress.ts';
import { fileStart, type Position } from './json-lines.ts';
import { loadFile, type Tally } from './load-file.ts';
import type { ProgressDisplay } from './progress-display.ts';
import { openProgressFile, type ProgressFile } from './progress-file.ts';
import type { Source } from './source.ts';
import { openVectorFile, type VectorFile } from './vector-file.ts';
import { WrongDocumentError } from './wrong-document.ts';

export interface StoreOptions {
  readonly path: string;
  /** Of documents that name none. */
  readonly collection: string;
  readonly batchDocuments: number;
  readonly restart: boolean;
  readonly skipInvalid: boolean;
  /** A file of vectors beside it. */
  readonly vectorsPath: string | undefined;
}

export interface StoreDeps {
  readonly client: GatewayClient;
  readonly display: ProgressDisplay;
  readonly source: Source;
  readonly store: BatchStore;
  /** Of the model whose vectors may come along; absent where none may. */
  readonly dimensions: number | undefined;
  /** As JSON and vectors, of one batch. */
  readonly batchBytes: number;
  /** The largest request that the gateway takes. */
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal;
}

/** What became of a file. */
export interface StoredFile {
  readonly tally: Tally;
  /** The tally's job as it was found: what earlier runs of the same file did is not this one's. */
  readonly jobAtFirst?: JobState | undefined;
}

/** What a request holds besides its documents. */
const envelopeBytes = 1024;

/**
 * Stores a file's documents and records after every batch how far it is.
 * @throws {StartupError} when it stopped before the end, with what to do.
 */
export async function storeFile(deps: StoreDeps, options: StoreOptions): Promise<StoredFile> {
  const { vectorsPath } = options;
  if (vectorsPath === undefined) return storeWith(deps, options, undefined);
  if (deps.dimensions === undefined) throw new StartupError('A file of vectors goes in with --direct.');
  const vectorFile = await openVectorFile(vectorsPath, deps.dimensions);
  try {
    return await storeWith(deps, options, vectorFile);
  } finally {
    await vectorFile.close();
  }
}

async function storeWith(
  deps: StoreDeps,
  options: StoreOptions,
  vectorFile: VectorFile | undefined,
): Promise<StoredFile> {
  const { client, display, source, maxBodyBytes, batchBytes, signal } = deps;
  const { path, collection } = options;
  const file = source.facts;
  const vectors = vectorFile?.facts;
  const identity = { file, tenantId: client.tenantId, collection, place: client.place, ...(vectors && { vectors }) };
  const progress = openProgressFile(path, identity);
  const { start, jobId, job: jobAtFirst } = options.restart ? fromTheFirst : await findStart(client, progress);
  if (start.line > 0)
    display.note(
      `Going on behind ${source.unit} ${start.line}, where the last run stopped; --restart would begin anew.`,
    );
  const record = createRecorder(progress, display.note);
  const startedMs = performance.now();
  let reached = start;
  const onCommitted = async (position: Position, last: KeyedDocument | undefined, tally: Readonly<Tally>) => {
    reached = position;
    await record(position, last, tally.jobId);
    const { created, updated, unchanged } = tally;
    display.update({
      documents: created + updated + unchanged,
      offset: position.offset,
      startOffset: start.offset,
      sizeBytes: file.sizeBytes,
      elapsedMs: performance.now() - startedMs,
    });
  };
  try {
    const tally = await loadFile(deps.store, {
      source,
      vectorFile,
      start,
      jobId,
      signal,
      skipInvalid: options.skipInvalid,
      limits: { documents: options.batchDocuments, sizeBytes: Math.min(batchBytes, maxBodyBytes - envelopeBytes) },
      line: { collection, maxBytes: maxBodyBytes - envelopeBytes, dimensions: deps.dimensions },
      onInvalid: (name, fault) => display.note(`${name}: ${fault}`),
      onCommitted,
    });
    if (signal.aborted && reached.offset < file.sizeBytes)
      throw interruption(signal, `Stopped. ${whereItIs(reached, source.unit)}`);
    await progress.remove();
    return { tally, jobAtFirst };
  } catch (error) {
    if (error instanceof GatewayError)
      throw new GatewayError(`${error.message} ${whereItIs(reached, source.unit)}`, error.code);
    if (error instanceof WrongDocumentError)
      throw new StartupError(
        `${error.message} ${whatIsStored(reached, source.unit)}. Mend it and run the same command again, or pass --skip-invalid.`,
        { cause: error },
      );
    throw error;
  }
}

function whereItIs(position: Position, unit: Source['unit']): string {
  const goesOn = position.line === 0 ? '' : '; the same command goes on from there';
  return `${whatIsStored(position, unit)}${goesOn}.`;
}

function whatIsStored({ line }: Position, unit: Source['unit']): string {
  return line === 0
    ? 'Nothing of it is stored yet'
    : `The ${unit === 'file' ? 'folder' : 'file'} is stored up to ${unit} ${line}`;
}

interface Start {
  readonly start: Position;
  readonly jobId?: string | undefined;
  readonly job?: JobState;
}

const fromTheFirst: Start = { start: fileStart };

/** Where a record was left by a run that went to the same data, and the data are still there. */
async function findStart(client: GatewayClient, progress: ProgressFile): Promise<Start> {
  const recorded = await progress.read();
  if (!recorded) return fromTheFirst;
  const { collection, externalId } = recorded.last;
  const filter = { collection: { eq: collection }, externalId: { eq: externalId } };
  const { documents } = await client.request<{ documents: { edges: readonly unknown[] } }>(
    'query Last($filter: DocumentFilter) { documents(filter: $filter, first: 1) { edges { cursor } } }',
    { filter },
  );
  if (documents.edges.length === 0) return fromTheFirst;
  const { position: start, jobId } = recorded;
  const job = jobId === undefined ? null : await readJob(client, jobId);
  return { start, ...(job && { jobId, job }) };
}

/** Where the folder cannot be written to, a run that is stopped begins anew the next time, which costs time only. */
function createRecorder(progress: ProgressFile, note: (line: string) => void) {
  let last: KeyedDocument | undefined;
  let writable = true;
  return async (position: Position, newest: KeyedDocument | undefined, jobId: string | undefined): Promise<void> => {
    last = newest ?? last;
    if (!last || !writable) return;
    const { collection, externalId } = last;
    try {
      await progress.write({ position, last: { collection, externalId }, ...(jobId && { jobId }) });
    } catch (error) {
      writable = false;
      note(`How far it is cannot be recorded, so a run that is stopped begins anew: ${(error as Error).message}.`);
    }
  };
}
