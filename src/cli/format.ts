/** Such as `5,148`. */
export function formatCount(value: number): string {
  return value.toLocaleString('en');
}

/** Such as `850 ms`, `12.3 s` or `4 min 10 s`. */
export function formatDuration(ms: number): string {
  if (ms < 950) return `${Math.round(ms)} ms`;
  if (ms < 119_950) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}

/** Such as `412 a second`. */
export function formatRate(count: number, ms: number): string {
  const rate = ms > 0 ? (count * 1000) / ms : 0;
  return `${formatCount(rate < 10 ? Number(rate.toFixed(1)) : Math.round(rate))} a second`;
}
