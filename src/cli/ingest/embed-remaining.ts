import { StartupError } from '../../errors.ts';
import { formatCount } from '../format.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { interruption } from '../interruption.ts';
import { waitForVectors } from '../wait-for-vectors.ts';
import type { ProgressDisplay } from './progress-display.ts';

export interface VectorCounts {
  /** Chunks that are done: they have a vector, or the model found nothing in them. */
  readonly embedded: number;
  readonly pending: number;
}

/** Counts the tenant's chunks with and without a vector. */
export async function readVectorCounts(client: GatewayClient): Promise<VectorCounts> {
  const { tenant } = await client.request<{ tenant: { chunks: number; pendingChunks: number } }>(
    '{ tenant { chunks pendingChunks } }',
  );
  return { embedded: tenant.chunks - tenant.pendingChunks, pending: tenant.pendingChunks };
}

/**
 * Waits for the worker, this process's or another.
 * @returns the chunks that had to be waited for, and those that are embedded in the end.
 * @throws {StartupError} when nothing is embedded for two minutes, or the signal comes; the documents are stored.
 */
export async function embedRemaining(client: GatewayClient, display: ProgressDisplay, signal: AbortSignal) {
  let counts = await readVectorCounts(client);
  const pendingAtFirst = counts.pending;
  const pending = await waitForVectors({
    signal,
    readPending: async () => {
      counts = await readVectorCounts(client);
      return counts.pending;
    },
    onPending: (waiting) => display.phase(`${formatCount(waiting)} chunks wait for their vectors`),
    onStall: (waiting) =>
      display.note(
        `${formatCount(waiting)} chunks wait for their vectors and none was embedded for a while. Does a worker run ("tessera work")?`,
      ),
  });
  if (pending === 0) return { pendingAtFirst, embedded: counts.embedded };
  const state = `All documents are stored and found by their words; ${formatCount(pending)} chunks still wait for their vectors.`;
  if (signal.aborted) throw interruption(signal, state);
  throw new StartupError(`${state} Nothing was embedded for two minutes: start a worker with "tessera work".`);
}
