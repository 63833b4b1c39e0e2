import type { Principal } from '../auth/principal.ts';
import type { RecallWish } from './search-request.ts';

/** How far a search looks, and what is known of the recall of that. */
export type SearchDepth =
  | {
      readonly kind: 'two-stage';
      /**
       * How stage one finds its candidates. `planned`: by the graph where there is one, else from the covering index.
       * `covering`: from the covering index even where there is a graph, because that was measured to be quicker.
       */
      readonly stageOne: 'planned' | 'covering';
      readonly candidates: number;
      /** Breadth of the HNSW search; makes no difference where there is no graph. */
      readonly efSearch: number;
      /** Recall@10 that was measured for this setting on the tenant's own vectors, where it was. */
      readonly measuredRecall: number | null;
      readonly measuredAt: Date | null;
      /** False when a recall was asked for that no measured setting reached; this is the best of them. */
      readonly reached: boolean;
      /** How the tenant is indexed. */
      readonly tier: 'exact' | 'hnsw';
      /** The tenant's vectors when they were last counted; null where nobody has. */
      readonly chunks: number | null;
    }
  | { readonly kind: 'exact' };

/** Decides how far to look for a recall that is wished for, from what was measured for the tenant. */
export type ChooseDepth = (principal: Principal, wish: RecallWish) => Promise<SearchDepth>;

/** Whether a tenant has access lists, so that some of its documents may be hidden from somebody. */
export type HasAccessLists = (principal: Principal) => Promise<boolean>;

/** Whether the tables are so large, and so well known to the planner, that a plan for any tenant is a good one. */
export type MayPlanOnce = (principal: Principal) => Promise<boolean>;

/** The languages of a tenant that have a word index which searches may count on. */
export type ReadWordIndexes = (principal: Principal) => Promise<readonly string[]>;
