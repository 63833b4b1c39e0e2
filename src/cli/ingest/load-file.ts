import { StartupError } from '../../errors.ts';
import type { UpsertStatus } from '../../ingest/upsert-documents.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { type Failure, successOf } from '../graphql-request.ts';
import { type Batch, type BatchLimits, createBatch } from './batch.ts';
import { type DocumentLineOptions, type KeyedDocument, readDocument } from './document-line.ts';
import { type Position, readLines } from './json-lines.ts';

/** What became of the lines of one run. */
export interface Tally {
  created: number;
  updated: number;
  unchanged: number;
  invalid: number;
  /** The one job of everything that was to be embedded; absent where nothing was. */
  jobId?: string;
}

export interface LoadOptions {
  readonly path: string;
  readonly start: Position;
  readonly limits: BatchLimits;
  readonly line: DocumentLineOptions;
  /** Reports wrong lines and goes on; without it the first one ends the run. */
  readonly skipInvalid: boolean;
  /** Ends the run after the batch in hand. */
  readonly signal: AbortSignal;
  onInvalid(line: number, fault: string): void;
  /** Called after every commit: everything before the position is done. */
  onCommitted(position: Position, last: KeyedDocument | undefined, tally: Readonly<Tally>): Promise<void>;
}

/**
 * Stores a file's documents, batch by batch, in order.
 * @returns what became of them; fewer lines than the file has when the signal came.
 * @throws {StartupError} for a wrong line, after everything before it is stored.
 */
export async function loadFile(client: GatewayClient, options: LoadOptions): Promise<Tally> {
  const tally: Tally = { created: 0, updated: 0, unchanged: 0, invalid: 0 };
  const batch = createBatch(options.limits);
  let done = options.start;

  async function commit(): Promise<void> {
    const { statuses, jobId } = await store(client, batch, tally.jobId);
    for (const status of statuses) tally[counted[status]] += 1;
    if (jobId !== undefined) tally.jobId = jobId;
    const last = batch.documents.at(-1);
    batch.clear();
    await options.onCommitted(done, last, tally);
  }

  for await (const { text, fault, position } of readLines(options.path, options.start)) {
    if (options.signal.aborted) break;
    const read = text === undefined ? { fault: fault ?? '' } : readDocument(text, options.line);
    if ('fault' in read) {
      if (!options.skipInvalid) {
        await commit();
        throw new StartupError(
          `Line ${position.line}: ${read.fault} Everything before it is stored. Mend it and run the same command again, or pass --skip-invalid.`,
        );
      }
      tally.invalid += 1;
      options.onInvalid(position.line, read.fault);
    } else {
      if (!batch.hasRoom(read.document, read.sizeBytes)) await commit();
      batch.add(read.document, read.sizeBytes, position.line);
    }
    done = position;
  }
  await commit();
  return tally;
}

const counted = { CREATED: 'created', UPDATED: 'updated', UNCHANGED: 'unchanged' } as const satisfies Record<
  UpsertStatus,
  keyof Tally
>;

const mutation = `mutation Ingest($input: [UpsertDocumentInput!]!, $job: ID) {
  upsertDocuments(input: $input, job: $job) {
    ... on UpsertDocumentsPayload { documents { status } job { id } }
    ... on InvalidDocumentError { index }
    ... on Error { code message }
  }
}`;

interface Payload {
  readonly documents: readonly { readonly status: UpsertStatus }[];
  readonly job: { readonly id: string } | null;
}

interface UpsertFailure extends Failure {
  /** Position of the document that cannot be stored. */
  readonly index?: number;
}

/** GraphQL's names of languages are upper case. */
function toInput({ language, ...document }: KeyedDocument) {
  return { ...document, ...(language && { language: language.toUpperCase() }) };
}

/** @param job that the batch becomes another part of. */
async function store(client: GatewayClient, { documents, lines }: Batch, job: string | undefined) {
  if (documents.length === 0) return { statuses: [], jobId: job };
  const { upsertDocuments: outcome } = await client.request<{ upsertDocuments: Payload | UpsertFailure }>(mutation, {
    input: documents.map(toInput),
    job,
  });
  // Lines are checked before they are sent, so this is a gateway of another version, with other limits.
  if ('index' in outcome && outcome.index !== undefined)
    throw new StartupError(`Line ${lines[outcome.index]}: ${outcome.message}`);
  const { documents: stored, job: reached } = successOf<Payload>(outcome);
  return { statuses: stored.map(({ status }) => status), jobId: reached?.id ?? job };
}
