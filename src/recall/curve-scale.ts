import type { RecallCurve, RecallSetting } from './recall-curve.ts';

/**
 * Where the points of a curve lie on a drawing. Time goes from left to right by its logarithm, for the quick settings are
 * the interesting ones; recall goes upwards by its nines (0.9, 0.99 and 0.999 are equally far apart), because what matters
 * is how much is missed.
 */
export interface CurveScale {
  /** Milliseconds that get a mark, from the left to the right edge. */
  readonly ticksMs: readonly number[];
  /** Recalls that get a line, from the bottom to the top edge. */
  readonly ticks: readonly number[];
  /** Share of the width, 0 at the left. */
  x(ms: number): number;
  /** Share of the height, 0 at the bottom. */
  y(recall: number): number;
}

const recallTicks = [0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 1] as const;
const roundNumbers = [1, 2, 5] as const;

export function curveScale({ settings, sample }: Pick<RecallCurve, 'settings' | 'sample'>): CurveScale {
  // What a sample cannot tell from perfect is drawn at the top edge: half of its smallest step.
  const perfect = 1 - 1 / (20 * sample);
  const nines = (recall: number) => -Math.log10(1 - Math.min(recall, perfect));
  const least = Math.min(...settings.map(({ recall }) => recall));
  const bottom = recallTicks.findLast((tick) => tick <= least && tick < perfect) ?? 0;
  const times = settings.map(({ p50Ms }) => p50Ms);
  const ticksMs = timeTicks(Math.min(...times), Math.max(...times));
  const [left, right] = [ticksMs[0] ?? 1, ticksMs.at(-1) ?? 10];
  return {
    ticksMs,
    ticks: recallTicks.filter((tick) => tick >= bottom && (tick < perfect || tick === 1)),
    x: (ms) => Math.log(ms / left) / Math.log(right / left),
    y: (recall) => (nines(recall) - nines(bottom)) / (nines(1) - nines(bottom)),
  };
}

/** Round numbers (1, 2, 5, 10, 20 and so on) from the last that is not above the least to the first that is not below the most. */
function timeTicks(leastMs: number, mostMs: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(leastMs)); ; power++) {
    for (const number of roundNumbers) {
      const tick = Number((number * 10 ** power).toPrecision(1));
      if (tick <= leastMs) ticks.length = 0;
      ticks.push(tick);
      if (tick >= mostMs && ticks.length > 1) return ticks;
    }
  }
}

/** The settings that nothing beats: each finds more than every quicker one. From quick to slow. */
export function frontier(settings: readonly RecallSetting[]): RecallSetting[] {
  let best = -1;
  return settings
    .toSorted((a, b) => a.p50Ms - b.p50Ms || b.recall - a.recall)
    .filter(({ recall }) => {
      if (recall <= best) return false;
      best = recall;
      return true;
    });
}
