import type { DocumentFilter } from '../filter.ts';
import type { ChunkId, DocumentId } from '../ids.ts';

export type SearchMode = 'HYBRID' | 'SEMANTIC' | 'KEYWORD';
export type GroupBy = 'DOCUMENT' | 'CHUNK';
export type FusionMethod = 'RECIPROCAL_RANK' | 'RELATIVE_SCORE';
export type RecallProfile = 'FAST' | 'BALANCED' | 'HIGH' | 'EXACT';

/** How the ranks of both halves become one. What is absent is the model's own. */
export interface FusionInput {
  readonly method?: FusionMethod | null | undefined;
  readonly keywordWeight?: number | null | undefined;
  readonly semanticWeight?: number | null | undefined;
  readonly rankConstant?: number | null | undefined;
}

/** How much newer documents are preferred. */
export interface RecencyInput {
  /** Days after which the preference has halved. */
  readonly halfLifeDays: number;
  /** Share of the score that age decides, 0 to 1. */
  readonly weight?: number | null | undefined;
}

/** How good the answer must be: a profile, or the share of the true nearest that must be among the hits. */
export type RecallInput =
  | { readonly profile: RecallProfile; readonly target?: undefined }
  | { readonly target: number; readonly profile?: undefined };

/** Documents or passages to search from, in place of a text. */
export interface ExamplesInput {
  readonly positive: readonly ExampleId[];
  readonly negative: readonly ExampleId[];
}

export type ExampleId = { readonly documentId: DocumentId } | { readonly chunkId: ChunkId };

/** What a caller asked for, as it came. Null means the same as absent. */
export interface SearchInput {
  readonly text?: string | null | undefined;
  readonly vector?: readonly number[] | null | undefined;
  /** Little-endian float32, in base64. */
  readonly vectorBase64?: string | null | undefined;
  readonly similarTo?: ExampleId | null | undefined;
  readonly recommend?: ExamplesInput | null | undefined;
  readonly mode?: SearchMode | null | undefined;
  readonly collections?: readonly string[] | null | undefined;
  readonly filter?: DocumentFilter | null | undefined;
  readonly recall?: RecallInput | null | undefined;
  readonly candidates?: number | null | undefined;
  readonly minScore?: number | null | undefined;
  readonly groupBy?: GroupBy | null | undefined;
  readonly fusion?: FusionInput | null | undefined;
  /** How much hits should be unlike each other, 0 to 1. */
  readonly diversity?: number | null | undefined;
  readonly recency?: RecencyInput | null | undefined;
}

/** Which part of the ranking is asked for. */
export interface PageInput {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}
