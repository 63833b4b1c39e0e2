/** Ages of rows that are out of step, from young to old: up to an hour, a day, a week, and beyond. */
export const driftAges = ['1h', '1d', '7d', 'older'] as const;

export type DriftAge = (typeof driftAges)[number];

const hourMs = 3_600_000;

/**
 * The age that a row is counted under.
 * @param ageMs since it was written, in milliseconds.
 */
export function driftAge(ageMs: number): DriftAge {
  if (ageMs <= hourMs) return '1h';
  if (ageMs <= 24 * hourMs) return '1d';
  return ageMs <= 7 * 24 * hourMs ? '7d' : 'older';
}
