import { counted } from '../../counted.ts';
import { StartupError } from '../../errors.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { interruption } from '../interruption.ts';
import { waitForVectors } from '../wait-for-vectors.ts';
import { formatJob, type JobState } from './job-progress.ts';
import type { ProgressDisplay } from './progress-display.ts';

/** Reads how far the job of an import is; null where it was cleared away, a month after its last progress. */
export async function readJob(client: GatewayClient, id: string): Promise<JobState | null> {
  const query = 'query Job($id: ID!) { job(id: $id) { status total done failed ratePerSecond secondsLeft } }';
  return (await client.request<{ job: JobState | null }>(query, { id })).job;
}

export interface Embedding {
  /** Chunks that had to be waited for. */
  readonly pendingAtFirst: number;
  /** In the end; absent where there was none to follow. */
  readonly job?: JobState;
}

/**
 * Waits until a worker, this process's or another, is through with a job, and shows how far it is.
 * @param jobId of what a file left to be embedded. Without one the whole tenant's queue is waited for, and that is said: the run
 *   has met its documents as they were stored by an earlier one, whose job is not known.
 * @throws {StartupError} when nothing is embedded for two minutes, or the signal comes; the documents are stored.
 */
export async function embedRemaining(
  client: GatewayClient,
  display: ProgressDisplay,
  signal: AbortSignal,
  jobId: string | undefined,
): Promise<Embedding> {
  const seen: { pendingAtFirst?: number; job?: JobState | null } = {};
  const pending = await waitForVectors({
    signal,
    readPending: async () => {
      if (jobId !== undefined) seen.job = await readJob(client, jobId);
      const waiting = jobId === undefined ? await readQueue(client) : pendingOf(seen.job);
      if (seen.pendingAtFirst === undefined && jobId === undefined && waiting > 0)
        display.note(
          `This run left nothing to embed. ${waitingFor(waiting)}, left by other writes of the tenant: they are waited for.`,
        );
      seen.pendingAtFirst ??= waiting;
      return waiting;
    },
    onPending: (waiting) => display.phase(seen.job?.status === 'RUNNING' ? formatJob(seen.job) : waitingFor(waiting)),
    onStall: (waiting) =>
      display.note(`${waitingFor(waiting)} and none was embedded for a while. Does a worker run ("tessera work")?`),
  });
  const { pendingAtFirst = 0, job } = seen;
  if (pending === 0) return { pendingAtFirst, ...(job && { job }) };
  const state = `All documents are stored and found by their words; ${counted(pending, 'chunk still waits for its vector', 'chunks still wait for their vectors')}.`;
  if (signal.aborted) throw interruption(signal, state);
  throw new StartupError(`${state} Nothing was embedded for two minutes: start a worker with "tessera work".`);
}

async function readQueue(client: GatewayClient): Promise<number> {
  const { tenant } = await client.request<{ tenant: { pendingChunks: number } }>('{ tenant { pendingChunks } }');
  return tenant.pendingChunks;
}

/** Something may wait of which nothing is counted, so a job that runs has one chunk at least. */
function pendingOf(job: JobState | null | undefined): number {
  return job?.status === 'RUNNING' ? Math.max(1, job.total - job.done - job.failed) : 0;
}

function waitingFor(chunks: number): string {
  return counted(chunks, 'chunk waits for its vector', 'chunks wait for their vectors');
}
