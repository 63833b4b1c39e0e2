import type { SearchSetting } from './recall-curve.ts';

/** pgvector's own limit of `hnsw.ef_search`. */
const mostEfSearch = 1_000;

/** From quick to thorough. */
export const defaultCandidates = [20, 40, 64, 100, 150, 200, 400] as const;
/** A graph that is searched twice as broadly as needed finds more; any less would cut the candidates. */
export const defaultEfFactors = [1, 2] as const;

/** Beside a graph, what the covering index gives is measured at these: its cost hardly depends on them. */
const coveringCandidates = [40, 100, 200] as const;

/**
 * The settings worth measuring: without a graph breadth makes no difference, and one setting that takes all chunks is
 * enough.
 */
export function settingGrid(
  tier: 'exact' | 'hnsw',
  chunks: number,
  candidates: readonly number[] = defaultCandidates,
  efFactors: readonly number[] = defaultEfFactors,
): SearchSetting[] {
  const counts = candidates.toSorted((a, b) => a - b);
  const useful = counts.filter((_, index) => index === 0 || (counts[index - 1] as number) < chunks);
  const factors = tier === 'exact' ? [1] : efFactors;
  const planned = useful.flatMap((count) =>
    factors.map((factor) => plannedSetting(count, Math.min(mostEfSearch, Math.round(count * factor)))),
  );
  const distinct = [...new Map(planned.map((one) => [`${one.candidates}/${one.efSearch}`, one])).values()];
  return tier === 'exact' ? distinct : [...distinct, ...coveringCandidates.map(coveringSetting)];
}

function plannedSetting(candidates: number, efSearch: number): SearchSetting {
  return { stageOne: 'planned', candidates, efSearch };
}

function coveringSetting(candidates: number): SearchSetting {
  return { stageOne: 'covering', candidates, efSearch: candidates };
}
