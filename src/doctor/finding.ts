/**
 * How grave a finding is.
 *
 * - `ok`: as it should be; said so that a reader knows that it was looked at.
 * - `skipped`: could not be looked at, and why.
 * - `warning`: works, and could be better or will not for long.
 * - `fault`: wrong now.
 */
export type Level = 'ok' | 'skipped' | 'warning' | 'fault';

/** What one look at a database found. */
export interface Finding {
  /** What was looked at, such as `vacuum`. */
  readonly check: string;
  readonly level: Level;
  /** What was found, as a sentence without its full stop. */
  readonly found: string;
  /** What to do about it, as a sentence; absent where nothing is to be done. */
  readonly fix?: string;
}

/** The findings of a check, or that all is well. */
export function orOk(findings: readonly Finding[], check: string, found: string): Finding[] {
  return findings.length > 0 ? [...findings] : [{ check, level: 'ok', found }];
}

/** Such as `512 MB` or `1.4 GB`. */
export function formatBytes(bytes: number): string {
  const megabytes = bytes / 2 ** 20;
  if (megabytes >= 1024) return `${(megabytes / 1024).toFixed(1)} GB`;
  return `${megabytes < 10 ? megabytes.toFixed(1) : Math.round(megabytes)} MB`;
}
