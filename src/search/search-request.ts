import { ExpectedError } from '../errors.ts';
import type { DocumentFilter } from '../filter.ts';
import type { KeywordQuery } from './keyword-query.ts';
import type { ExampleId, FusionMethod, GroupBy, RecallProfile, SearchMode } from './search-input.ts';

/** A search within its limits: what is planned and run. */
export interface SearchRequest {
  readonly subject: SearchSubject;
  readonly mode: SearchMode;
  readonly collections?: readonly string[];
  readonly filter: DocumentFilter;
  readonly recall: RecallWish;
  readonly minScore?: number | undefined;
  readonly groupBy: GroupBy;
  readonly fusion: FusionWish;
  /** 0 to 1; absent or 0 for none. */
  readonly diversity?: number;
  readonly recency?: RecencyWish;
  readonly first: number;
  readonly after?: string;
}

/** What the answers are to be near to. */
export type SearchSubject =
  | { readonly kind: 'text'; readonly text: string; readonly query: KeywordQuery }
  /** The caller's own full vector, unit length. */
  | { readonly kind: 'vector'; readonly vector: Float32Array }
  /** Stored documents and passages: near to the first, far from the second. They are not among the hits themselves. */
  | { readonly kind: 'examples'; readonly positive: readonly ExampleId[]; readonly negative: readonly ExampleId[] };

/** How far to look: a profile, a recall that is to be reached, or the number of candidates itself. */
export type RecallWish =
  | { readonly profile: RecallProfile }
  | { readonly target: number }
  | { readonly candidates: number };

/** A preference for documents that changed lately. */
export interface RecencyWish {
  readonly halfLifeDays: number;
  readonly weight: number;
}

/** Absent parts are the model's own. */
export interface FusionWish {
  readonly method: FusionMethod;
  readonly keywordWeight?: number;
  readonly semanticWeight?: number;
  readonly rankConstant: number;
}

export const searchLimits = {
  /** UTF-16 units of a query: some 1,500 English words. */
  textLength: 8_000,
  leastCandidates: 10,
  mostCandidates: 1_000,
  collections: 32,
  examples: 32,
  leastTarget: 0.5,
  mostWeight: 100,
  mostRankConstant: 1_000,
  mostHalfLifeDays: 36_500,
} as const;

/** A text that the model knows nothing of, in a mode that has nothing else to go by. */
export class NotEmbeddableError extends ExpectedError {
  override readonly name = 'NotEmbeddableError';
  override readonly code = 'NOT_EMBEDDABLE';
}

/** What is said of one; nothing that tells what is missing from what is another tenant's. */
export const exampleNotFound = 'An example to search from does not exist, or has no vector yet.';

/** A document or passage to search from that does not exist for this tenant, or has no vector yet. */
export class ExampleNotFoundError extends ExpectedError {
  override readonly name = 'ExampleNotFoundError';
  override readonly code = 'NOT_FOUND';
}
