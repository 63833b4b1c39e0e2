import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Statement } from '../db/database.ts';
import { isTenantId } from '../ids.ts';
import type { GraphTarget, IndexKind } from './index-kind.ts';
import { maintenanceStatement } from './index-statements.ts';
import { recordTierStatement } from './tier-statements.ts';

/** What {@link graphIndexName} gives. */
export const graphIndexPattern = '^embeddings_hnsw_[0-9a-f]{12}$';

/** The name of a graph: the tenant and the model, hashed, because a tenant id may be longer than a name. */
export function graphIndexName({ tenantId, modelId }: GraphTarget): string {
  const hash = createHash('sha256').update(`${tenantId}/${modelId}`).digest('hex');
  return `embeddings_hnsw_${hash.slice(0, 12)}`;
}

/**
 * Builds the graph of one tenant and model beside whatever reads and writes go on. To be run outside a transaction, by the
 * owner of the table. The literals are part of the index's predicate: a search that names the tenant and the model is
 * what makes the planner see that the index serves it.
 */
export function createGraphStatement(target: GraphTarget): Statement<unknown> {
  const { tenantId, modelId } = target;
  if (!isTenantId(tenantId)) throw new TypeError('An index was to be built for a tenant id that is not one.');
  return maintenanceStatement(
    sql`create index concurrently ${sql.ref(graphIndexName(target))} on tessera.embeddings
      using hnsw (coarse halfvec_ip_ops) with (m = 16, ef_construction = 64)
      where tenant_id = ${sql.lit<string>(tenantId)} and model_id = ${sql.lit(modelId)}::smallint`,
  );
}

/**
 * Tells the planner how many rows each tenant has, which is what it chooses between the graph and the covering index by.
 * Two narrow columns: 0.2 s, whatever the size of the vectors.
 */
export function analyzeEmbeddingsStatement(): Statement<unknown> {
  return maintenanceStatement(sql`analyze tessera.embeddings (tenant_id, model_id)`);
}

/** Memory of the graph while it is built, in bytes a chunk; 1,228 measured at m = 16 with 256 half-precision components. */
const graphBytesPerChunk = 1_300;
const leastMemoryMb = 32;

/**
 * `maintenance_work_mem` for a build, in MB: enough for the whole graph, because a build whose graph does not fit takes
 * twice as long, and no more, because a parallel build reserves all of it as shared memory.
 */
export function buildMemoryMb(chunks: number, mostMb: number): number {
  const needed = Math.ceil((chunks * graphBytesPerChunk) / 2 ** 20) + 16;
  return Math.max(leastMemoryMb, Math.min(needed, mostMb));
}

/** A partial HNSW index over the coarse vectors of one tenant and model. */
export const graphKind: IndexKind<GraphTarget> = {
  name: 'graph',
  table: 'embeddings',
  namePattern: graphIndexPattern,
  indexName: graphIndexName,
  createStatement: createGraphStatement,
  analyzeStatement: analyzeEmbeddingsStatement,
  recordStatement: (target, index) => recordTierStatement(target, index === null ? 'exact' : 'hnsw', index),
  buildMemoryMb,
};
