import { setTimeout as wait } from 'node:timers/promises';

export interface VectorWait {
  /** Asks how many chunks have no vector yet. */
  readPending(): Promise<number>;
  /** Called with every answer. */
  onPending?(pending: number): void;
  /** Called once when nothing was embedded for {@link stallMs}. */
  onStall?(pending: number): void;
  /** Ends the wait early. */
  readonly signal: AbortSignal;
  readonly pollMs?: number;
  readonly stallMs?: number;
  /** Without progress for this long, the wait ends. */
  readonly giveUpMs?: number;
}

/**
 * Waits until no chunk waits for its vector any more, or there is no sign that it will ever happen.
 * @returns the chunks that still wait.
 */
export async function waitForVectors(options: VectorWait): Promise<number> {
  const { readPending, onPending, onStall, signal, pollMs = 250, stallMs = 10_000, giveUpMs = 120_000 } = options;
  let pending = await readPending();
  let quietMs = 0;
  let noticed = false;
  onPending?.(pending);
  while (pending > 0 && quietMs < giveUpMs && !signal.aborted) {
    await wait(pollMs, undefined, { signal }).catch(() => {});
    const before = pending;
    pending = await readPending();
    onPending?.(pending);
    quietMs = pending < before ? 0 : quietMs + pollMs;
    if (noticed || quietMs < stallMs || pending === 0) continue;
    noticed = true;
    onStall?.(pending);
  }
  return pending;
}
