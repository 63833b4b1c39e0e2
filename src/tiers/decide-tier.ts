/** How a tenant's vectors of one model are indexed. */
export type Tier = 'exact' | 'hnsw';

/** Sizes at which a part of a tenant moves. Between them it stays what it is, so that one that hovers does not move back and forth. */
export interface TierThresholds {
  /** More chunks than this get an index. */
  readonly promoteAbove: number;
  /** Fewer chunks than this lose theirs. */
  readonly demoteBelow: number;
}

/**
 * Chunks at which a search of the graph costs as much as reading the covering index, where nothing was measured on the
 * spot (DESIGN rule 3).
 */
export const defaultCrossover = 12_000;
/**
 * Chunks of one language from which on its words are looked up in a word index. Side by side, p50 over 60 questions of
 * four words: 5,000 chunks took 7.3 ms scored one by one and 5.6 ms by index, 20,000 took 22 and 9, 50,000 took 41 and 9,
 * 200,000 took 150 and 13. The index is quicker early, but doubles the cost of writing a chunk (0.42 ms, 0.90 ms), so a
 * tenant gets one at the size at which it gets a graph, too.
 */
export const defaultWordCrossover = 12_000;
/** Share of the crossover below which an index is dropped. A build costs some 0.2 ms a chunk; keeping one costs little. */
const demotionShare = 0.6;

/** @param crossover chunks, at least 1. */
export function tierThresholds(crossover: number): TierThresholds {
  return { promoteAbove: Math.round(crossover), demoteBelow: Math.round(crossover * demotionShare) };
}

/** What is known of a part of a tenant when its tier is reviewed. */
export interface TierFacts {
  readonly chunks: number;
  /** False for what no search looks at, such as vectors of a retired model. */
  readonly isSearched: boolean;
  /**
   * True while a candidate's vectors still come in their thousands. A graph is then neither begun nor adopted: every one of them
   * would be put into it by itself, where one build at the end takes them all. One that searches are told of stays.
   */
  readonly isFilling: boolean;
  /** Whether searches are told that there is an index. */
  readonly isRecorded: boolean;
  /** What the database's catalog says; `invalid` is what an interrupted build or drop leaves behind. */
  readonly index: 'none' | 'valid' | 'invalid';
}

/**
 * What is to be done.
 *
 * - `keep`: everything is as it should be.
 * - `build`: there is no index, and there should be one.
 * - `rebuild`: what an interrupted build left is dropped, then built anew.
 * - `adopt`: the index is there and only has to be recorded; whoever built it stopped before it could.
 * - `drop`: an index that is not wanted any more goes, valid or not.
 * - `forget`: the recorded index is gone and not wanted any more.
 */
export type TierStep = 'keep' | 'build' | 'rebuild' | 'adopt' | 'drop' | 'forget';

/** Decides by what is there, not by what was once intended: whatever was interrupted, the next review ends it. */
export function decideTier(facts: TierFacts, thresholds: TierThresholds): TierStep {
  const { isRecorded, index } = facts;
  if (wantsIndex(facts, thresholds)) {
    if (index === 'valid') return isRecorded ? 'keep' : 'adopt';
    return index === 'invalid' ? 'rebuild' : 'build';
  }
  if (index !== 'none') return 'drop';
  return isRecorded ? 'forget' : 'keep';
}

function wantsIndex(facts: TierFacts, thresholds: TierThresholds): boolean {
  const { chunks, isSearched, isFilling, isRecorded, index } = facts;
  if (!isSearched || (isFilling && !(isRecorded && index === 'valid'))) return false;
  const hasIndex = index === 'valid' || isRecorded;
  return hasIndex ? chunks >= thresholds.demoteBelow : chunks > thresholds.promoteAbove;
}
