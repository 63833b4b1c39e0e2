import { permitsAll } from './document-selection.ts';
import type { SearchDepth } from './search-depth.ts';
import type { SearchPlan } from './search-plan.ts';

/**
 * Chunks above which each search is planned for its tenant, whatever its tier. Those in the exact tier have fewer but while their
 * graph is being built.
 */
const mostChunks = 20_000;

/**
 * Whether a search is read in the one way that serves every tenant: all of the tenant's rows from the covering indexes and the
 * rest by key. Then its plan need not see the tenant, which took a third of the time of a search of 50 chunks. Graphs and word
 * indexes are partial, and under a filter it is the tenant's own figures that decide, so these are planned each time.
 */
export function isPlannedOnce(
  { semantic, keyword, selection, conditions, recency }: SearchPlan,
  depth: SearchDepth | undefined,
): boolean {
  if (!permitsAll(selection, conditions) || selection.exceptChunks.length > 0 || recency) return false;
  if (keyword && keyword.scan.kind !== 'exact') return false;
  if (!semantic) return true;
  if (semantic.example || semantic.depth.kind !== 'two-stage' || depth?.kind !== 'two-stage') return false;
  const { kind = 'planned' } = semantic.depth.stageOne ?? {};
  return kind === 'planned' && depth.tier === 'exact' && depth.chunks !== null && depth.chunks <= mostChunks;
}
