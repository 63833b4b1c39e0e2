import { EmbedderError } from '../embed/embedder-error.ts';
import type { Pause } from './pauses.ts';

/** Why jobs are put off, and until when. */
export interface Delay {
  readonly reason: string;
  /** As long as whoever refused them asks; without it, doubling with each attempt. */
  readonly waitMs?: number | undefined;
  /** Whether anything was sent: what was not is no attempt. */
  readonly wasSent: boolean;
}

/** A provider that said when to come back is not met by all of its workers in the same instant: up to this part later. */
const spread = 0.1;

/**
 * How long what could not be embedded is put off: until the time that the provider or the tenant's budget named, as the pause
 * that it began bounds it, else by the number of attempts.
 * @param pause the one that keeps the tenant's texts back now.
 * @param random from 0 to below 1.
 */
export function delayOf(failure: Error, pause: Pause | undefined, random: number): Delay {
  const { unsent, retryAfterMs } = failure instanceof EmbedderError ? failure : {};
  const wasSent = unsent === undefined;
  if (retryAfterMs === undefined || !pause) return { reason: failure.message, wasSent };
  // The budget is this process's own, and nobody else waits for it.
  const extra = unsent === 'budget' ? 0 : random * spread;
  return { reason: failure.message, wasSent, waitMs: pause.waitMs * (1 + extra) };
}

/** What was claimed and not sent, because of a pause that began meanwhile. */
export function delayOfPause({ reason, waitMs }: Pause): Delay {
  return { reason, waitMs, wasSent: false };
}
