import { StartupError } from '../../errors.ts';
import type { UpsertStatus } from '../../ingest/write.ts';
import { type Batch, type BatchLimits, gatherBatches } from './batch.ts';
import type { BatchStore, StoreBatch } from './batch-store.ts';
import { type DocumentLineOptions, type KeyedDocument, type ReadDocument, readDocument } from './document-line.ts';
import { toUnit } from './document-vectors.ts';
import type { Position } from './json-lines.ts';
import type { Source, SourceItem } from './source.ts';
import type { VectorFile } from './vector-file.ts';

/** What became of the lines of one run. */
export interface Tally {
  created: number;
  updated: number;
  unchanged: number;
  invalid: number;
  /** Chunks whose vectors came along. */
  vectors: number;
  /** The one job of everything that was to be embedded, by earlier runs included; absent where nothing was. */
  jobId?: string;
}

export interface LoadOptions {
  readonly source: Source;
  readonly start: Position;
  /** Of what an earlier run stored before the start; absent: a new one is opened. */
  readonly jobId?: string | undefined;
  readonly limits: BatchLimits;
  readonly line: DocumentLineOptions;
  /** Beside the source, a vector for each document of one chunk. */
  readonly vectorFile?: Pick<VectorFile, 'read' | 'rows'> | undefined;
  /** Reports wrong lines and goes on; without it the first one ends the run. */
  readonly skipInvalid: boolean;
  /** Ends the run after the batches in hand. */
  readonly signal: AbortSignal;
  onInvalid(name: string, fault: string): void;
  /**
   * Called after every commit, in order: everything before the position is done.
   * @param last that was stored of the batch; absent where nothing was.
   */
  onCommitted(position: Position, last: KeyedDocument | undefined, tally: Readonly<Tally>): Promise<void>;
}

/**
 * Stores the documents of a source, batch by batch, in order. While one batch is stored the next is read and readied, and the
 * vectors of the one before are written; no more is held in memory than these three.
 * @returns what became of them; fewer lines than the file has when the signal came.
 * @throws {StartupError} for a wrong line, after everything before it is stored.
 */
export async function loadFile(store: BatchStore, options: LoadOptions): Promise<Tally> {
  const { source, start, signal, skipInvalid, onInvalid } = options;
  const { jobId } = options;
  const tally: Tally = { created: 0, updated: 0, unchanged: 0, invalid: 0, vectors: 0, ...(jobId && { jobId }) };
  const batch = gatherBatches(options.limits);
  let done = start;
  let rows = start.record ?? start.line;
  let storing: Promise<void> = Promise.resolve();
  let recording: Promise<void> = Promise.resolve();
  /** Until the newest batch is sent. What can wait is done then, so that a batch is never held up by those around it. */
  let sending: Promise<void> = Promise.resolve();

  async function commit(): Promise<void> {
    const [taken, position] = [batch.take(), done];
    const storeTaken = taken.documents.length === 0 ? undefined : store(taken);
    const { promise, resolve: onSent } = Promise.withResolvers<void>();
    sending = promise;
    await stored().catch((error: unknown) => {
      onSent();
      throw error;
    });
    storing = storeBatch(taken, storeTaken, position, onSent).finally(onSent);
    // Waited for before the next one; until then nobody looks.
    storing.catch(() => {});
    await sending;
  }

  /** Waits for the batch in hand. Where it fails, what was stored before it is recorded all the same, vectors and all. */
  async function stored(): Promise<void> {
    try {
      await storing;
    } catch (error) {
      await recording.catch(() => {});
      throw error;
    }
  }

  async function storeBatch(
    taken: Batch,
    storeTaken: StoreBatch | undefined,
    position: Position,
    onSent: () => void,
  ): Promise<void> {
    const outcome = await storeTaken?.(tally.jobId, onSent);
    // Where there was nothing to wait for, nobody has said so.
    onSent();
    const earlier = recording;
    if (outcome?.jobId !== undefined) tally.jobId = outcome.jobId;
    recording = record();
    recording.catch(() => {});
    await earlier;

    async function record() {
      await sending;
      const [vectors] = await Promise.all([outcome?.writeVectors() ?? 0, earlier]);
      for (const status of outcome?.statuses ?? []) tally[counted[status]] += 1;
      for (const [index, fault] of outcome?.faults ?? []) {
        tally.invalid += 1;
        onInvalid(taken.names[index] as string, fault);
      }
      tally.vectors += vectors;
      await options.onCommitted(
        position,
        taken.documents.findLast((_, index) => !outcome?.faults.has(index)),
        tally,
      );
    }
  }

  async function settle(): Promise<void> {
    await commit();
    await stored();
    await recording;
  }

  for await (const item of source.read(start)) {
    if (signal.aborted) break;
    const read = await readItem(item, options);
    if ('fault' in read) {
      const isUncertain = options.vectorFile !== undefined && item.losesCount === true;
      if (!skipInvalid || isUncertain) {
        await settle();
        const instead = isUncertain
          ? ': which vectors are of the documents behind it is not known.'
          : ', or pass --skip-invalid.';
        throw new StartupError(
          `${item.name}: ${read.fault} Everything before it is stored. Mend it and run the same command again${instead}`,
        );
      }
      tally.invalid += 1;
      onInvalid(item.name, read.fault);
    } else {
      if (!batch.hasRoom(read)) await commit();
      batch.add(read, item.name);
    }
    done = item.position;
    rows = item.row + 1;
  }
  await settle();
  if (options.vectorFile && !signal.aborted && rows < options.vectorFile.rows)
    throw new StartupError(
      `The file of vectors holds ${options.vectorFile.rows}, and the last document is number ${rows}, so they may be of other documents. Everything is stored. Mend it and run the same command again.`,
    );
  return tally;
}

const counted = { CREATED: 'created', UPDATED: 'updated', UNCHANGED: 'unchanged' } as const satisfies Record<
  UpsertStatus,
  keyof Tally
>;

async function readItem({ fields, row }: SourceItem, { line, vectorFile }: LoadOptions): Promise<ReadDocument> {
  const read = readDocument(fields, line);
  if (!vectorFile || 'fault' in read) return read;
  if (read.vectors) return { fault: 'it comes with vectors, and there is a file of vectors, too.' };
  const components = await vectorFile.read(row);
  if (!components) return { fault: 'the file of vectors ends before it.' };
  const made = toUnit([components], components.length);
  return 'fault' in made ? made : { ...read, ...made };
}
