import { innerProduct } from '../vector.ts';

/** A hit as the choice sees it. */
export interface Candidate {
  readonly score: number;
  /** Unit length; absent for a passage that has no vector, which is like no other. */
  readonly vector: Float32Array | undefined;
}

/**
 * Chooses hits one after the other, each for its score and for how little it is like those chosen before it: maximal
 * marginal relevance (Carbonell and Goldstein, SIGIR 1998). Scores are taken from 0 (the last) to 1 (the best).
 * @param diversity 0 for the scores alone, 1 for being unlike alone.
 * @returns at most `count` of the candidates; the best one first.
 */
export function diversify<Hit extends Candidate>(candidates: readonly Hit[], count: number, diversity: number): Hit[] {
  const scores = candidates.map(({ score }) => score);
  const least = Math.min(...scores);
  const range = Math.max(...scores) - least || 1;
  const left = candidates.map((hit) => ({ hit, relevance: (hit.score - least) / range, likeness: 0 }));
  const chosen: Hit[] = [];
  while (chosen.length < count && left.length > 0) {
    const worth = left.map(({ relevance, likeness }) => (1 - diversity) * relevance - diversity * likeness);
    const [next] = left.splice(worth.indexOf(Math.max(...worth)), 1);
    if (!next) break;
    chosen.push(next.hit);
    for (const other of left) other.likeness = Math.max(other.likeness, likenessOf(next.hit, other.hit));
  }
  return chosen;
}

function likenessOf(a: Candidate, b: Candidate): number {
  return a.vector && b.vector ? innerProduct(a.vector, b.vector) : 0;
}
