import type { RawBuilder } from 'kysely';
import { halfvecParameter, vectorParameter } from '../db/vector-parameter.ts';
import { coarseVector } from '../vector.ts';
import type { DocumentSelection } from './document-selection.ts';
import type { KeywordQuery } from './keyword-query.ts';
import type { ExampleId, FusionMethod, GroupBy } from './search-input.ts';

/** A search as it is sent to the database. At least one half is there; with both, their rankings are fused. */
export interface SearchPlan extends PagePlan {
  /** The tenant's active model. */
  readonly modelId: number;
  readonly semantic?: SemanticPlan;
  readonly keyword?: KeywordPlan;
  readonly fusion: FusionPlan;
  readonly selection: DocumentSelection;
  /** What the text asks of every passage, whichever half finds it: {@link KeywordQuery.conditions}. */
  readonly conditions?: string;
  readonly groupBy: GroupBy;
  /** A preference for documents that changed lately. */
  readonly recency?: { readonly halfLifeDays: number; readonly weight: number } | undefined;
  /** Whether the hits' vectors are wanted, to tell how like each other they are. */
  readonly withVectors: boolean;
  /** Whether PostgreSQL may plan it for any tenant, and so once a connection: {@link isPlannedOnce}. */
  readonly isPlannedOnce?: boolean;
  /** Whether the answer is to say how many candidates each half had, which costs a count of them. */
  readonly reports?: boolean;
}

export interface SemanticPlan {
  readonly modelId: number;
  /** Unit length, all components of the model: a `vector` in pgvector's wire format, or where the statement has it. */
  readonly full: Buffer | RawBuilder<unknown>;
  /** The first 256 of them, again of unit length: a `halfvec` in pgvector's wire format, or where the statement has it. */
  readonly coarse: Buffer | RawBuilder<unknown>;
  /** The stored document or passage whose vector this is, which the statement reads itself and does not return. */
  readonly example?: ExampleId;
  /**
   * `two-stage`: this many chunks by coarse vector, then the full one; found as the planner likes unless told otherwise.
   * `exact`: the full vectors of every permitted chunk.
   */
  readonly depth:
    | { readonly kind: 'two-stage'; readonly candidates: number; readonly stageOne?: StageOnePlan }
    | { readonly kind: 'exact' };
}

/**
 * How stage one finds its candidates.
 *
 * - `planned`: in the order of their distance: from the graph where there is one, else from the covering index.
 * - `covering`: every permitted chunk is looked at, so that none is missed.
 * - `counted`: permitted chunks are counted up to a budget. Those within it are ranked one by one, and none is missed;
 *   beyond it the graph is searched on and on, until there are enough or its own budget (`hnsw.max_scan_tuples`) ends it.
 */
export type StageOnePlan =
  | { readonly kind: 'planned' }
  | { readonly kind: 'covering' }
  | { readonly kind: 'counted'; readonly permittedBudget: number };

export interface KeywordPlan extends Pick<KeywordQuery, 'words'> {
  /** Chunks that are passed on, best first, of each of the tenant's languages. */
  readonly candidates: number;
  readonly scan: KeywordScan;
}

/**
 * `exact`: every chunk is scored, from the covering index. `rarest`: in the languages that have a word index, those with the
 * rarest words of the query, as long as they are no more than the budget; in the others every chunk.
 */
export type KeywordScan =
  | { readonly kind: 'exact' }
  | { readonly kind: 'rarest'; readonly languages: readonly string[]; readonly rowBudget: number };

/** What a search is near to. */
export type VectorOperands = Pick<SemanticPlan, 'full' | 'coarse' | 'example'>;

/** A vector as a search needs it, in pgvector's wire format. @param full unit length, at least 256 components. */
export function vectorOperands(full: Float32Array): VectorOperands {
  return { full: vectorParameter(full), coarse: halfvecParameter(coarseVector(full)) };
}

export interface FusionPlan {
  readonly method: FusionMethod;
  readonly keywordWeight: number;
  readonly semanticWeight: number;
  readonly rankConstant: number;
}

/** Which rows of the ranking are asked for. */
export interface PagePlan {
  readonly minScore?: number | undefined;
  /** Ends of the ids of items that earlier pages had, 12 hexadecimal digits each. */
  readonly seen: readonly string[];
  readonly limit: number;
}
