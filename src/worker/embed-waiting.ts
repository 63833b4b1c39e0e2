import { setTimeout as wait } from 'node:timers/promises';
import { createCallLanes } from './call-lanes.ts';
import { type BatchResult, beginBatch, type WorkerDeps } from './embed-batch.ts';
import { createPauses, type Pauses } from './pauses.ts';
import type { SideWork } from './side-work.ts';

/** How long a worker that found nothing waits before it looks again. */
export const pollMs = 1_000;

export interface EmbedWaitingOptions {
  /** Nothing is claimed once it is aborted; what was claimed is embedded. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every batch when its last call has ended. */
  readonly onBatch: (batch: BatchResult) => void;
  /** Of this embedder; forgotten with the call unless given. */
  readonly pauses?: Pauses;
  readonly side?: SideWork;
  /** When something new may wait. Without it nobody looks for that while calls are under way. */
  readonly woken?: () => Promise<void>;
}

/**
 * Embeds until nothing waits and no call is under way. It claims again as soon as one of its lanes is free, and, where all that
 * waited is under way, when one call ends or something new may wait: a slow call keeps nobody else's chunks from being sent.
 * @returns the number of chunks that were embedded.
 * @throws why a call could not be made, when the others have ended.
 */
export async function embedWaiting(
  deps: WorkerDeps,
  { signal, onBatch, pauses = createPauses(), side, woken }: EmbedWaitingOptions,
): Promise<number> {
  const lanes = createCallLanes(deps.concurrency ?? 1);
  const begun = new Set<Promise<unknown>>();
  const faults: unknown[] = [];
  let embedded = 0;
  const note = (batch: BatchResult) => {
    embedded += batch.embedded;
    onBatch(batch);
  };
  while (!signal?.aborted && faults.length === 0) {
    // What is written from here on is found by this look, or begins the next one.
    const news = woken?.();
    try {
      const { claimed, result } = await beginBatch(deps, { lanes, pauses, side });
      if (claimed > 0) {
        const ended = result
          .then(note)
          .catch((error: unknown) => faults.push(error))
          .finally(() => begun.delete(ended));
        begun.add(ended);
        await lanes.free();
        continue;
      }
    } catch (error) {
      faults.push(error);
    }
    if (lanes.isIdle || faults.length > 0) break;
    await Promise.race([lanes.ended(), ...(news ? [news, wait(pollMs, undefined, { ref: false })] : [])]);
  }
  await Promise.all(begun);
  if (faults.length > 0) throw faults[0];
  return embedded;
}
