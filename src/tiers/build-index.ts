import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../db/database.ts';
import { cancelWhenAborted } from './cancel-when-aborted.ts';
import type { IndexKindName, IndexState, IndexTarget } from './index-kind.ts';
import { buildProgressStatement, dropIndexStatement } from './index-statements.ts';
import type { MaintenanceSession } from './maintenance-session.ts';

/** How far a build is. */
export interface BuildProgress {
  readonly kind: IndexKindName;
  readonly target: IndexTarget;
  readonly index: string;
  /** In PostgreSQL's words, such as `building index: loading tuples` or `waiting for old snapshots`. */
  readonly phase: string;
  /** Chunks that are in the index, or that were looked at for it. */
  readonly chunksDone: number;
  readonly chunks: number;
}

export interface BuildOptions {
  /** Memory that a build may take at most, in MB. */
  readonly mostMemoryMb?: number;
  /** Processes that help to build. */
  readonly parallelWorkers?: number;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

const defaults = { mostMemoryMb: 1_024, parallelWorkers: 2 };
const watchEveryMs = 300;
/** Dropping waits for whoever still reads the index; whoever wants to end does not wait for ever. */
const cleanUpMs = 15_000;
/** SQLSTATE of a parallel build that finds no room for its shared memory; in a container that is often 64 MB. */
const noSharedMemory = '53100';

/** What is to be built. */
type Wanted = Pick<IndexState, 'kind' | 'target' | 'chunks'>;

/**
 * Builds an index. Searches use what they used before until it is valid, then the planner takes it.
 * What a failed build leaves behind is dropped, because it would cost every write and serve no search.
 * @throws the signal's reason when it was aborted; what PostgreSQL says when the build failed.
 */
export async function buildIndex(
  owner: Database,
  session: MaintenanceSession,
  wanted: Wanted,
  options: BuildOptions,
): Promise<void> {
  const { mostMemoryMb = defaults.mostMemoryMb, parallelWorkers = defaults.parallelWorkers, signal } = options;
  const { kind, chunks } = wanted;
  await session.set('maintenance_work_mem', `${kind.buildMemoryMb(chunks, mostMemoryMb)}MB`);
  // Without it the table's size decides whether anybody helps, and the full vectors, kept apart, do not count: 20,000
  // chunks took 6.0 s alone and 2.7 s with help.
  await session.set('min_parallel_table_scan_size', 0);
  await session.set('max_parallel_maintenance_workers', parallelWorkers);
  const ended = new AbortController();
  const watching = watchProgress(owner, session.pid, wanted, ended.signal, options.onProgress);
  try {
    await cancelWhenAborted(owner, session.pid, signal, () => createIndex(session, wanted, parallelWorkers));
  } catch (error) {
    await dropRemains(session, wanted).catch(() => {});
    signal?.throwIfAborted();
    throw error;
  } finally {
    ended.abort();
    await watching;
  }
  await session.run(kind.analyzeStatement());
}

async function createIndex(session: MaintenanceSession, wanted: Wanted, parallelWorkers: number): Promise<void> {
  const { kind, target } = wanted;
  try {
    await session.run(kind.createStatement(target));
  } catch (error) {
    if (parallelWorkers === 0 || (error as { code?: unknown }).code !== noSharedMemory) throw error;
    await session.run(dropIndexStatement(kind.indexName(target)));
    await session.set('max_parallel_maintenance_workers', 0);
    await session.run(kind.createStatement(target));
  }
}

async function dropRemains(session: MaintenanceSession, { kind, target }: Wanted): Promise<void> {
  await session.set('statement_timeout', cleanUpMs);
  try {
    await session.run(dropIndexStatement(kind.indexName(target)));
  } finally {
    await session.set('statement_timeout', 0);
  }
}

/** Asks for the progress over another connection until it is told to end, and passes on what has changed. */
async function watchProgress(
  owner: Database,
  pid: number,
  { kind, target, chunks }: Wanted,
  ended: AbortSignal,
  onProgress: BuildOptions['onProgress'],
): Promise<void> {
  const { sql, parameters } = buildProgressStatement(pid, chunks).compile();
  const index = kind.indexName(target);
  let last = '';
  while (onProgress && !ended.aborted) {
    const row = await owner.pool.query<{ phase: string; chunksDone: number }>(sql, [...parameters]).then(
      ({ rows }) => rows[0],
      () => undefined,
    );
    const seen = `${row?.phase} ${row?.chunksDone}`;
    if (row && seen !== last && !ended.aborted) onProgress({ kind: kind.name, target, index, ...row, chunks });
    last = seen;
    await wait(watchEveryMs, undefined, { signal: ended }).catch(() => {});
  }
}
