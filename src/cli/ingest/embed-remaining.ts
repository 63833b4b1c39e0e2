import { counted } from '../../counted.ts';
import { StartupError } from '../../errors.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { interruption } from '../interruption.ts';
import { waitForVectors } from '../wait-for-vectors.ts';
import { formatJob, type JobState } from './job-progress.ts';
import type { ProgressDisplay } from './progress-display.ts';

export interface VectorCounts {
  /** Chunks that are done: they have a vector, or the model found nothing in them. */
  readonly embedded: number;
  readonly pending: number;
}

/** Reads how far the job of an import is. */
export async function readJob(client: GatewayClient, id: string): Promise<JobState | null> {
  const query = 'query Job($id: ID!) { job(id: $id) { status total done failed ratePerSecond secondsLeft } }';
  return (await client.request<{ job: JobState | null }>(query, { id })).job;
}

/** Counts the tenant's chunks with and without a vector. */
export async function readVectorCounts(client: GatewayClient): Promise<VectorCounts> {
  const { tenant } = await client.request<{ tenant: { chunks: number; pendingChunks: number } }>(
    '{ tenant { chunks pendingChunks } }',
  );
  return { embedded: tenant.chunks - tenant.pendingChunks, pending: tenant.pendingChunks };
}

/**
 * Waits for the worker, this process's or another, and shows how far it is.
 * @param jobId of what this run stored; without one, other runs are waited for.
 * @returns the chunks that had to be waited for, and those that are embedded in the end.
 * @throws {StartupError} when nothing is embedded for two minutes, or the signal comes; the documents are stored.
 */
export async function embedRemaining(
  client: GatewayClient,
  display: ProgressDisplay,
  signal: AbortSignal,
  jobId: string | undefined,
) {
  let counts = await readVectorCounts(client);
  let job: JobState | null = null;
  const pendingAtFirst = counts.pending;
  const pending = await waitForVectors({
    signal,
    readPending: async () => {
      counts = await readVectorCounts(client);
      job = jobId === undefined ? null : await readJob(client, jobId);
      return counts.pending;
    },
    onPending: (waiting) => display.phase(job?.status === 'RUNNING' ? formatJob(job) : waitingFor(waiting)),
    onStall: (waiting) =>
      display.note(`${waitingFor(waiting)} and none was embedded for a while. Does a worker run ("tessera work")?`),
  });
  if (pending === 0) return { pendingAtFirst, embedded: counts.embedded };
  const state = `All documents are stored and found by their words; ${counted(pending, 'chunk still waits for its vector', 'chunks still wait for their vectors')}.`;
  if (signal.aborted) throw interruption(signal, state);
  throw new StartupError(`${state} Nothing was embedded for two minutes: start a worker with "tessera work".`);
}

function waitingFor(chunks: number): string {
  return counted(chunks, 'chunk waits for its vector', 'chunks wait for their vectors');
}
