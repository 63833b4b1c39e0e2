import { counted } from '../../counted.ts';
import { formatCount } from '../format.ts';

/** How far a job is, as the gateway says. */
export interface JobState {
  readonly status: 'RUNNING' | 'FINISHED';
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly ratePerSecond: number;
  /** Null where nothing can be said yet. */
  readonly secondsLeft: number | null;
}

const barLength = 20;

/** Such as ` 43 % [========>           ] 2,200 of 5,100 chunks embedded, 412 a second, 7 s left`. */
export function formatJob({ total, done, failed, ratePerSecond, secondsLeft }: JobState): string {
  const share = total === 0 ? 1 : Math.min(1, (done + failed) / total);
  const filled = Math.floor(barLength * share);
  const bar = filled === 0 ? '' : `${'='.repeat(filled - 1)}${filled === barLength ? '=' : '>'}`;
  const parts = [`${formatCount(done)} of ${counted(total, 'chunk')} embedded`];
  if (failed > 0) parts.push(`${formatCount(failed)} refused`);
  if (ratePerSecond >= 1) parts.push(`${formatCount(Math.round(ratePerSecond))} a second`);
  if (secondsLeft !== null) parts.push(formatLeft(Math.ceil(secondsLeft)));
  return `${String(Math.floor(100 * share)).padStart(3)} % [${bar.padEnd(barLength)}] ${parts.join(', ')}`;
}

function formatLeft(seconds: number): string {
  return seconds < 120 ? `${seconds} s left` : `${Math.ceil(seconds / 60)} min left`;
}
