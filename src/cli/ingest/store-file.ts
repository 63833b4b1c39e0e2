import type { GatewayClient } from '../gateway-client.ts';
import { GatewayError } from '../graphql-request.ts';
import { interruption } from '../interruption.ts';
import type { KeyedDocument } from './document-line.ts';
import { fileStart, type Position } from './json-lines.ts';
import { loadFile, type Tally } from './load-file.ts';
import type { ProgressDisplay } from './progress-display.ts';
import { type FileFacts, openProgressFile, type ProgressFile } from './progress-file.ts';

export interface StoreOptions {
  readonly path: string;
  /** Of documents that name none. */
  readonly collection: string;
  readonly batchDocuments: number;
  readonly restart: boolean;
  readonly skipInvalid: boolean;
}

export interface StoreDeps {
  readonly client: GatewayClient;
  readonly display: ProgressDisplay;
  readonly facts: FileFacts;
  /** The largest request that the gateway takes. */
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal;
}

/** As JSON. Enough for a hundred pages of prose, and little enough to be stored within a second. */
const batchBytes = 1024 * 1024;
/** What a request holds besides its documents. */
const envelopeBytes = 1024;

/**
 * Stores a file's documents and records after every batch how far it is.
 * @throws {StartupError} when it stopped before the end, with what to do.
 */
export async function storeFile(deps: StoreDeps, options: StoreOptions): Promise<Tally> {
  const { client, display, facts, maxBodyBytes, signal } = deps;
  const { path, collection } = options;
  const identity = { file: facts, tenantId: client.tenantId, collection, place: client.place };
  const progress = openProgressFile(path, identity);
  const start = options.restart ? fileStart : await findStart(client, progress);
  if (start.line > 0)
    display.note(`Going on behind line ${start.line}, where the last run stopped; --restart would begin anew.`);
  const record = createRecorder(progress, display.note);
  const startedMs = performance.now();
  let reached = start;
  const onCommitted = async (position: Position, last: KeyedDocument | undefined, tally: Readonly<Tally>) => {
    reached = position;
    await record(position, last);
    const { created, updated, unchanged } = tally;
    display.update({
      documents: created + updated + unchanged,
      offset: position.offset,
      startOffset: start.offset,
      sizeBytes: facts.sizeBytes,
      elapsedMs: performance.now() - startedMs,
    });
  };
  try {
    const tally = await loadFile(client, {
      path,
      start,
      signal,
      skipInvalid: options.skipInvalid,
      limits: { documents: options.batchDocuments, sizeBytes: Math.min(batchBytes, maxBodyBytes - envelopeBytes) },
      line: { collection, maxBytes: maxBodyBytes - envelopeBytes },
      onInvalid: (line, fault) => display.note(`Line ${line}: ${fault}`),
      onCommitted,
    });
    if (signal.aborted && reached.offset < facts.sizeBytes)
      throw interruption(signal, `Stopped. ${whereItIs(reached)}`);
    await progress.remove();
    return tally;
  } catch (error) {
    if (error instanceof GatewayError) throw new GatewayError(`${error.message} ${whereItIs(reached)}`, error.code);
    throw error;
  }
}

function whereItIs({ line }: Position): string {
  return line === 0
    ? 'Nothing of the file is stored yet.'
    : `The file is stored up to line ${line}; the same command goes on from there.`;
}

/** Where a record was left by a run that went to the same data, and the data are still there. */
async function findStart(client: GatewayClient, progress: ProgressFile): Promise<Position> {
  const recorded = await progress.read();
  if (!recorded) return fileStart;
  const { collection, externalId } = recorded.last;
  const filter = { collection: { eq: collection }, externalId: { eq: externalId } };
  const { documents } = await client.request<{ documents: { edges: readonly unknown[] } }>(
    'query Last($filter: DocumentFilter) { documents(filter: $filter, first: 1) { edges { cursor } } }',
    { filter },
  );
  return documents.edges.length > 0 ? recorded.position : fileStart;
}

/** Where the folder cannot be written to, a run that is stopped begins anew the next time, which costs time only. */
function createRecorder(progress: ProgressFile, note: (line: string) => void) {
  let last: KeyedDocument | undefined;
  let writable = true;
  return async (position: Position, newest: KeyedDocument | undefined): Promise<void> => {
    last = newest ?? last;
    if (!last || !writable) return;
    const { collection, externalId } = last;
    try {
      await progress.write({ position, last: { collection, externalId } });
    } catch (error) {
      writable = false;
      note(`How far it is cannot be recorded, so a run that is stopped begins anew: ${(error as Error).message}.`);
    }
  };
}
