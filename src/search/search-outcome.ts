import type { DepthReport, StageOneReport } from './run-search.ts';
import type { RecallProfile } from './search-input.ts';
import type { UnderfilledReason } from './search-reach.ts';
import type { RecallWish } from './search-request.ts';

/** A search as it is counted: nothing of what was searched for, and few values each. */
export interface SearchOutcome {
  /** How the tenant is indexed; `none` where no index was looked at: by words only, or every vector at full precision. */
  readonly tier: 'exact' | 'hnsw' | 'none';
  /** How stage one went; `full`: every vector at full precision; `words`: there was no semantic half. */
  readonly strategy: StageOneReport['kind'] | 'full' | 'words';
  /** The profile that was asked for, or in what other way a recall was. */
  readonly profile: RecallProfile | 'TARGET' | 'CANDIDATES';
  readonly underfilled: UnderfilledReason | undefined;
  /** With the embedding of its text. */
  readonly durationMs: number;
}

interface Searched {
  readonly depth: DepthReport | undefined;
  readonly stageOne: StageOneReport | undefined;
  readonly underfilled: UnderfilledReason | undefined;
}

/** What is counted of a search that was answered. */
export function searchOutcome(
  { depth, stageOne, underfilled }: Searched,
  recall: RecallWish,
  durationMs: number,
): SearchOutcome {
  return {
    tier: depth?.kind === 'two-stage' ? depth.tier : 'none',
    strategy: stageOne?.kind ?? (depth ? 'full' : 'words'),
    profile: 'profile' in recall ? recall.profile : 'target' in recall ? 'TARGET' : 'CANDIDATES',
    underfilled,
    durationMs,
  };
}
