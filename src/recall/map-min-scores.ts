/** A `minScore` of one model, and the one of another that lets the same share of hits through. */
export interface MappedMinScore {
  readonly from: number;
  /** The share of hits that have at least that score: 0 to 1. */
  readonly passing: number;
  /** Undefined where all hits pass, or none: any score below or above all of them would do. */
  readonly to: number | undefined;
}

/** From coarse to fine: scores of one model may lie all over, those of another between 0.7 and 0.9. */
const stepsPerUnit = [10, 20, 50, 100] as const;
const enough = 4;

/**
 * Maps scores by quantile: what is as rare among the hits of one model as it is among those of the other.
 * @param from scores of the hits of the first model, in any order.
 * @param to those of the second.
 * @param asked scores of the first model to map besides round ones.
 * @returns in ascending order.
 */
export function mapMinScores(
  from: readonly number[],
  to: readonly number[],
  asked: readonly number[] = [],
): MappedMinScore[] {
  if (from.length === 0 || to.length === 0) return [];
  const descending = to.toSorted((a, b) => b - a);
  return [...new Set([...roundScores(from), ...asked])]
    .sort((a, b) => a - b)
    .map((score) => {
      const passing = shareOf(from, score);
      return { from: score, passing, to: passing === 0 || passing === 1 ? undefined : scoreAt(descending, passing) };
    });
}

/** Round scores that some hits reach and others do not. */
function roundScores(scores: readonly number[]): number[] {
  const tell = (score: number) => {
    const passing = shareOf(scores, score);
    return passing > 0 && passing < 1;
  };
  let found: number[] = [];
  for (const steps of stepsPerUnit) {
    found = Array.from({ length: 2 * steps - 1 }, (_, i) => (i + 1 - steps) / steps).filter(tell);
    if (found.length >= enough) break;
  }
  return found;
}

function shareOf(scores: readonly number[], least: number): number {
  return scores.filter((score) => score >= least).length / scores.length;
}

/** Halfway between the last score that is to pass and the first that is not. */
function scoreAt(descending: readonly number[], passing: number): number {
  const count = Math.min(Math.max(1, Math.round(passing * descending.length)), descending.length);
  const last = descending[count - 1] as number;
  return (last + (descending[count] ?? last)) / 2;
}
