import type { CommandContext } from '../command.ts';
import { formatCount, formatDuration, formatRate } from '../format.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { embedRemaining, readVectorCounts } from './embed-remaining.ts';
import type { Tally } from './load-file.ts';
import { createBar, createLines } from './progress-display.ts';
import { readFileFacts } from './progress-file.ts';
import { type StoreOptions, storeFile } from './store-file.ts';

export interface IngestOptions extends StoreOptions {
  /** Whether to wait for the vectors. */
  readonly wait: boolean;
}

/**
 * Stores a file's documents, from where an earlier run stopped, waits for their vectors, and reports both.
 * @throws {StartupError} when it cannot go on; what is stored then is recorded.
 */
export async function runIngest(
  context: CommandContext,
  options: IngestOptions,
  openClient: () => Promise<GatewayClient>,
): Promise<void> {
  const facts = await readFileFacts(options.path);
  const client = await openClient();
  const display = context.stderr.isTTY ? createBar(context.stderr) : createLines(context.note);
  try {
    const waits = options.wait || client.embedsAlone;
    const before = waits ? await readVectorCounts(client) : undefined;
    const startedMs = performance.now();
    const { maxBodyBytes } = context.config().http;
    const tally = await storeFile({ client, display, facts, maxBodyBytes, signal: context.signal }, options);
    const storedMs = performance.now();
    display.finish();
    context.print(describeTally(tally, storedMs - startedMs));
    if (!before) return;
    const counts = await embedRemaining(client, display, context.signal, tally.jobId);
    display.finish();
    if (counts.pendingAtFirst === 0 && tally.created + tally.updated === 0) return;
    const now = performance.now();
    // The chunks of changed documents take the place of others, so then the growth is not what was embedded.
    const embedded = tally.updated === 0 ? counts.embedded - before.embedded : undefined;
    context.print(describeVectors(embedded, now - startedMs, counts.pendingAtFirst, now - storedMs));
  } finally {
    display.finish();
    await client.close();
  }
}

function describeTally({ created, updated, unchanged, invalid }: Tally, ms: number): string {
  const documents = created + updated + unchanged;
  return (
    `${formatCount(documents)} documents in ${formatDuration(ms)}, ${formatRate(documents, ms)}: ` +
    `${formatCount(created)} created, ${formatCount(updated)} updated, ${formatCount(unchanged)} unchanged; ` +
    `${formatCount(invalid)} lines invalid.`
  );
}

function describeVectors(embedded: number | undefined, ms: number, last: number, lastMs: number): string {
  const all =
    embedded === undefined
      ? 'All chunks are embedded'
      : `${formatCount(embedded)} chunks embedded in ${formatDuration(ms)}, ${formatRate(embedded, ms)}`;
  return last === 0
    ? `${all}.`
    : `${all}; the last ${formatCount(last)} in ${formatDuration(lastMs)} after everything was stored.`;
}
