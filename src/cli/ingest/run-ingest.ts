import { counted } from '../../counted.ts';
import { StartupError } from '../../errors.ts';
import type { CommandContext } from '../command.ts';
import { formatCount, formatDuration, formatRate } from '../format.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { embedRemaining, readJob } from './embed-remaining.ts';
import { createGatewayStore } from './gateway-store.ts';
import type { Tally } from './load-file.ts';
import { readLogPosition } from './log-position.ts';
import { createBar, createLines } from './progress-display.ts';
import { openSource } from './source.ts';
import { type StoreOptions, storeFile } from './store-file.ts';

export interface IngestOptions extends StoreOptions {
  /** Whether to wait for the vectors. */
  readonly wait: boolean;
  /** Straight into the database instead of through the API. */
  readonly direct: boolean;
}

/** As JSON. Enough for a hundred pages of prose, and little enough to be stored within a second. */
const batchBytes = 1024 * 1024;
/** With their vectors. Three batches are held at a time. */
const directBatchBytes = 16 * 1024 * 1024;

/**
 * Stores a file's documents, from where an earlier run stopped, waits for their vectors, and reports both.
 * @throws {StartupError} when it cannot go on; what is stored then is recorded. Also, unless wrong lines may be left out, when
 *   the embedding provider refused chunks; everything is stored then.
 */
export async function runIngest(
  context: CommandContext,
  options: IngestOptions,
  openClient: () => Promise<GatewayClient>,
): Promise<void> {
  const source = await openSource(options.path);
  const client = await openClient();
  const closing = [() => client.close()];
  const display = context.stderr.isTTY ? createBar(context.stderr) : createLines(context.note);
  try {
    const direct = options.direct ? await openDirect(context, client, options) : undefined;
    if (direct) closing.push(() => direct.close());
    closing.push(await holdGraphs(context, client));
    const startedMs = performance.now();
    const { maxBodyBytes } = context.config().http;
    const readLog = openLog(context, client);
    const logBefore = await readLog?.();
    const { tally, jobAtFirst } = await storeFile(
      {
        client,
        display,
        source,
        store: direct?.store ?? createGatewayStore(client, options),
        dimensions: direct?.dimensions,
        maxBodyBytes,
        batchBytes: direct ? directBatchBytes : Math.min(batchBytes, maxBodyBytes),
        signal: context.signal,
      },
      options,
    );
    const storedMs = performance.now();
    display.finish();
    context.print(describeTally(tally, storedMs - startedMs));
    const logAfter = await readLog?.();
    if (logBefore !== undefined && logAfter !== undefined) {
      const total = tally.jobId === undefined ? 0 : ((await readJob(client, tally.jobId))?.total ?? 0);
      const chunks = total - (jobAtFirst?.total ?? 0);
      const vectors = options.direct ? tally.vectors : undefined;
      context.print(describeLoad(vectors, chunks, storedMs - startedMs, logAfter - logBefore));
    }
    if (!options.wait && !client.embedsAlone) {
      if (tally.jobId !== undefined) context.print(`Its vectors are made as the job ${tally.jobId}.`);
      return;
    }
    const { pendingAtFirst, job } = await embedRemaining(client, display, context.signal, tally.jobId);
    display.finish();
    const now = performance.now();
    const embedded = job && job.done - (jobAtFirst?.done ?? 0);
    if (embedded !== undefined || pendingAtFirst > 0)
      context.print(describeVectors(embedded, now - startedMs, pendingAtFirst, now - storedMs));
    if (job && job.failed > 0) reportRefused(context, job.failed, options);
  } finally {
    display.finish();
    for (const close of closing.reverse()) await close();
  }
}

/** Chunks that were refused are to documents what wrong lines are to a file: whoever leaves those out goes on with these. */
function reportRefused({ note }: CommandContext, refused: number, { skipInvalid }: IngestOptions): void {
  const sentence = `The embedding provider refused ${counted(refused, 'chunk, which is found by its words', 'chunks, which are found by their words')} only. The query "deadLetters" tells which and why; the mutation "requeue" sends them again.`;
  if (!skipInvalid) throw new StartupError(sentence);
  note(sentence);
}

/** How far the server's log is, where the server can be asked: over HTTP it cannot, and an embedded database is none. */
function openLog(context: CommandContext, { app }: GatewayClient): (() => Promise<bigint | undefined>) | undefined {
  if (!app || context.config().mode === 'embedded') return undefined;
  return () => readLogPosition(app.deps.database);
}

/**
 * Keeps graphs and word indexes of the tenant from being begun until the load is through: each vector that comes afterwards would be
 * put into them by itself. Over HTTP there is no connection to do so.
 * @returns what ends it.
 */
async function holdGraphs(context: CommandContext, { app, tenantId }: GatewayClient): Promise<() => Promise<void>> {
  const config = context.config();
  if (!app || config.mode === 'embedded') return async () => {};
  const { holdLoadLock } = await import('../../db/load-lock.ts');
  const log = context.logger();
  const lock = await holdLoadLock(config.database.url.reveal(), tenantId, (error) =>
    log.warn(
      { err: error },
      'the connection that keeps graphs from being built during the load is lost; the load goes on',
    ),
  );
  if (!lock.isHeld) log.warn('through a pooler nobody knows of the load, so graphs may be built before it is through');
  return lock.release;
}

/** @throws {StartupError} where there is no server, or it is somebody else's. */
async function openDirect(context: CommandContext, client: GatewayClient, { skipInvalid }: IngestOptions) {
  const config = context.config();
  if (config.mode === 'embedded' || !client.app)
    throw new StartupError(
      '--direct goes to a PostgreSQL server: set DATABASE_URL and WORKER_DATABASE_URL, and leave --url out.',
    );
  const { openDirectStore } = await import('./direct-store.ts');
  const process = { config, log: context.logger(), app: client.app };
  return openDirectStore(process, { tenantId: client.tenantId, skipInvalid });
}

function describeLoad(vectors: number | undefined, chunks: number, ms: number, logBytes: bigint): string {
  const each = chunks === 0 ? '' : `, ${formatCount(Math.round(Number(logBytes) / chunks))} a chunk`;
  const brought =
    vectors === undefined
      ? ''
      : `, ${counted(vectors, 'of which brought its vector', 'of which brought their vectors')}`;
  return (
    `${counted(chunks, 'chunk')}, ${formatRate(chunks, ms)}${brought}; ` +
    `the server wrote ${counted(Number(logBytes), 'byte')} of WAL meanwhile${each}.`
  );
}

function describeTally({ created, updated, unchanged, invalid }: Tally, ms: number): string {
  const documents = created + updated + unchanged;
  return (
    `${counted(documents, 'document')} in ${formatDuration(ms)}, ${formatRate(documents, ms)}: ` +
    `${formatCount(created)} created, ${formatCount(updated)} updated, ${formatCount(unchanged)} unchanged; ` +
    `${counted(invalid, 'line')} invalid.`
  );
}

/** @param embedded of this run's; absent where it left nothing to embed and waited for others. */
function describeVectors(embedded: number | undefined, ms: number, last: number, lastMs: number): string {
  const all =
    embedded === undefined
      ? 'No chunk of the tenant waits for its vector any more'
      : `${counted(embedded, 'chunk')} embedded in ${formatDuration(ms)}, ${formatRate(embedded, ms)}`;
  return last === 0
    ? `${all}.`
    : `${all}; the last ${formatCount(last)} in ${formatDuration(lastMs)} after everything was stored.`;
}
