/**
 * How stage one finds its candidates. `planned`: by the graph where there is one, else from the covering index.
 * `covering`: from the covering index even where there is a graph, so that stage one misses nothing: for a tenant that is
 * not much larger than the crossover that is quicker than a graph that is searched very broadly.
 */
export type StageOne = 'planned' | 'covering';

/** One way to search. */
export interface SearchSetting {
  readonly stageOne: StageOne;
  /** Chunks that survive stage one. */
  readonly candidates: number;
  /** Breadth of the graph's search, at least {@link candidates}; of no effect where no graph is searched. */
  readonly efSearch: number;
}

/** A way to search, and what it was measured to give. */
export interface RecallSetting extends SearchSetting {
  /** Share of the nearest `candidates` by coarse vector that stage one found. */
  readonly stageOneRecall: number;
  /** Share of the true nearest ten, at full precision, that came out of both stages: recall@10. */
  readonly recall: number;
  /** Time of a whole flight as the gateway sees it. */
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** What a tenant's searches were measured to find and to cost, from quick to thorough. */
export interface RecallCurve {
  readonly modelId: number;
  /** How the tenant was indexed then. */
  readonly tier: 'exact' | 'hnsw';
  /** How large it was then. */
  readonly chunks: number;
  /** Vectors of the tenant that served as queries. */
  readonly sample: number;
  readonly settings: readonly RecallSetting[];
  /** The same for reading every full vector, which finds all. */
  readonly exact: { readonly p50Ms: number; readonly p95Ms: number };
  readonly measuredAt: Date;
}

/** Growth or shrinkage by more than this factor makes a curve say little about the tenant of today. */
const outgrownFactor = 2;

/** Whether a curve still describes its tenant: the same tier, and neither twice nor half the size. */
export function describesTenant(
  curve: Pick<RecallCurve, 'tier' | 'chunks'>,
  now: { readonly tier: 'exact' | 'hnsw'; readonly chunks: number | null },
): boolean {
  if (curve.tier !== now.tier) return false;
  const growth = (now.chunks ?? curve.chunks) / curve.chunks;
  return growth <= outgrownFactor && growth >= 1 / outgrownFactor;
}
