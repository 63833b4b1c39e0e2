import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import type { TierThresholds } from './decide-tier.ts';

/** A tenant's vectors of one model: what a graph is built over. */
export interface GraphTarget {
  readonly tenantId: TenantId;
  readonly modelId: number;
}

/** A tenant's chunks of one language: what a word index is built over. */
export interface WordTarget {
  readonly tenantId: TenantId;
  readonly language: string;
}

export type IndexTarget = GraphTarget | WordTarget;

export type IndexKindName = 'graph' | 'words';

/**
 * A kind of partial index that a large part of a tenant gets: all that planning, building, adopting and dropping one has to
 * know of it. Every statement but {@link recordStatement} is the owner's and runs outside a transaction.
 */
export interface IndexKind<Target extends IndexTarget> {
  readonly name: IndexKindName;
  /** In the schema `tessera`. */
  readonly table: 'embeddings' | 'chunks';
  /** Names that belong to Tessera. Whatever else is built on the table is somebody's own and left alone. */
  readonly namePattern: string;
  indexName(target: Target): string;
  /** Builds the index beside whatever reads and writes go on. */
  createStatement(target: Target): Statement<unknown>;
  /** Tells the planner how many rows each tenant has, which it chooses by. */
  analyzeStatement(): Statement<unknown>;
  /** Tells searches from now on, as the operator. @param index null where there is none any more. */
  recordStatement(target: Target, index: string | null): Statement<unknown>;
  /** `maintenance_work_mem` for a build, in MB. */
  buildMemoryMb(chunks: number, mostMb: number): number;
}

/** A part of a tenant that may have an index of a kind. */
export interface IndexState<Target extends IndexTarget = IndexTarget> {
  readonly kind: IndexKind<Target>;
  readonly target: Target;
  readonly chunks: number;
  /** False for what no search looks at, such as vectors of a retired model. */
  readonly isSearched: boolean;
  /** True for a candidate that is not filled yet. */
  readonly isFilling: boolean;
  /** Whether searches are told that there is an index. */
  readonly isRecorded: boolean;
  readonly thresholds: TierThresholds;
}

/** An index as the database's catalog has it. */
export interface StoredIndex {
  readonly name: string;
  readonly valid: boolean;
  readonly sizeBytes: number;
}
