/** How a tenant's vectors of one model are indexed. */
export type Tier = 'exact' | 'hnsw';

/** Sizes at which a tenant moves. Between them it stays what it is, so that one that hovers does not move back and forth. */
export interface TierThresholds {
  /** More chunks than this get a graph. */
  readonly promoteAbove: number;
  /** Fewer chunks than this lose theirs. */
  readonly demoteBelow: number;
}

/**
 * Chunks at which a search of the graph costs as much as reading the covering index, where nothing was measured on the
 * spot (DESIGN rule 3).
 */
export const defaultCrossover = 12_000;
/** Share of the crossover below which a graph is dropped. A build costs some 0.2 ms a chunk; keeping one costs little. */
const demotionShare = 0.6;

/** @param crossover chunks, at least 1. */
export function tierThresholds(crossover: number): TierThresholds {
  return { promoteAbove: Math.round(crossover), demoteBelow: Math.round(crossover * demotionShare) };
}

/** What is known of a tenant and model when its tier is reviewed. */
export interface TierFacts {
  readonly chunks: number;
  /** Vectors of a retired model are not searched. */
  readonly role: 'active' | 'candidate' | 'retired';
  /** The tier that searches are told. */
  readonly recorded: Tier;
  /** What the database's catalog says; `invalid` is what an interrupted build or drop leaves behind. */
  readonly index: 'none' | 'valid' | 'invalid';
}

/**
 * What is to be done.
 *
 * - `keep`: everything is as it should be.
 * - `build`: there is no graph, and there should be one.
 * - `rebuild`: what an interrupted build left is dropped, then built anew.
 * - `adopt`: the graph is there and only has to be recorded; whoever built it stopped before it could.
 * - `drop`: a graph that is not wanted any more goes, valid or not.
 * - `forget`: the recorded graph is gone and not wanted any more.
 */
export type TierStep = 'keep' | 'build' | 'rebuild' | 'adopt' | 'drop' | 'forget';

/** Decides by what is there, not by what was once intended: whatever was interrupted, the next review ends it. */
export function decideTier(facts: TierFacts, thresholds: TierThresholds): TierStep {
  const { recorded, index } = facts;
  if (wantsGraph(facts, thresholds)) {
    if (index === 'valid') return recorded === 'hnsw' ? 'keep' : 'adopt';
    return index === 'invalid' ? 'rebuild' : 'build';
  }
  if (index !== 'none') return 'drop';
  return recorded === 'hnsw' ? 'forget' : 'keep';
}

function wantsGraph({ chunks, role, recorded, index }: TierFacts, thresholds: TierThresholds): boolean {
  if (role === 'retired') return false;
  const hasGraph = index === 'valid' || recorded === 'hnsw';
  return hasGraph ? chunks >= thresholds.demoteBelow : chunks > thresholds.promoteAbove;
}
