import { type Database, readInFlight, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { ChunkId, TenantId } from '../ids.ts';
import { coarseVector, InvalidVectorError } from '../vector.ts';
import {
  type ClaimedJob,
  chunkTextsStatement,
  claimJobsStatement,
  deleteJobsStatement,
  type EmbeddingRow,
  insertEmbeddingsStatement,
  insertUnembeddableStatement,
  postponeJobsStatement,
} from './job-statements.ts';
import { noteWrittenStatement } from './term-stats-statements.ts';
import { unlessInactive } from './unless-inactive.ts';

export interface WorkerDeps {
  /** Connected as the worker's login. */
  readonly database: Database;
  readonly embedder: Embedder;
  readonly modelId: number;
  /** Days for which the audit log is kept; for ever without it. */
  readonly auditRetentionDays?: number | undefined;
}

/** What became of one batch of jobs. */
export interface BatchResult {
  readonly claimed: number;
  readonly embedded: number;
  readonly failed: number;
  readonly tenants: readonly TenantId[];
}

/** A claim comes back after this long if its worker dies. */
const leaseSeconds = 120;

/**
 * Claims jobs, embeds their chunks in one call, and writes the vectors, tenant by tenant. No connection is held while the
 * embedder works. A batch that fails is put off with its reason; it is not lost.
 */
export async function embedBatch(deps: WorkerDeps): Promise<BatchResult> {
  const claim = claimJobsStatement(deps.modelId, deps.embedder.maxBatch, leaseSeconds);
  const jobs = await transact(deps.database, workerScope(), (execute) => execute(claim));
  let embedded = 0;
  const byTenant = Map.groupBy(jobs, (job: ClaimedJob) => job.tenantId);
  for (const [tenantId, claimed] of byTenant) {
    const chunkIds = claimed.map(({ chunkId }) => chunkId);
    // Suspended meanwhile, its jobs wait: they are nobody's once the claim has run out, and claimed again when it is resumed.
    embedded += await unlessInactive(embedTenantJobs(deps, tenantId, chunkIds), 0);
  }
  return { claimed: jobs.length, embedded, failed: jobs.length - embedded, tenants: [...byTenant.keys()] };
}

async function embedTenantJobs(deps: WorkerDeps, tenantId: TenantId, chunkIds: readonly ChunkId[]): Promise<number> {
  const { database, embedder, modelId } = deps;
  const [chunks] = await readInFlight(database, workerScope(tenantId), [chunkTextsStatement(tenantId, chunkIds)]);
  const texts = chunks.map(({ text }) => text);
  let vectors: (Float32Array | null)[];
  try {
    vectors = await embedder.embed(texts, { purpose: 'document', tenantId });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await transact(database, workerScope(tenantId), (execute) =>
      execute(postponeJobsStatement(tenantId, modelId, chunkIds, reason)),
    );
    return 0;
  }
  const embeddings: EmbeddingRow[] = [];
  const unembeddable: ChunkId[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const row = toRow(chunk.id, vectors[index]);
    if (row) embeddings.push(row);
    else unembeddable.push(chunk.id);
  }
  await transact(database, workerScope(tenantId), async (execute) => {
    if (embeddings.length > 0) await execute(insertEmbeddingsStatement(tenantId, modelId, embeddings));
    if (unembeddable.length > 0) await execute(insertUnembeddableStatement(tenantId, modelId, unembeddable));
    await execute(deleteJobsStatement(tenantId, modelId, chunkIds));
    await execute(noteWrittenStatement(tenantId, chunks.length));
  });
  if (embeddings.length > 0) database.announceChange?.(tenantId);
  return chunkIds.length;
}

/** Nothing for a text that the model knows nothing of, or whose vector has no coarse part: neither can be searched for. */
function toRow(chunkId: ChunkId, full: Float32Array | null | undefined): EmbeddingRow | undefined {
  if (!full) return undefined;
  try {
    return { chunkId, coarse: coarseVector(full), full };
  } catch (error) {
    if (error instanceof InvalidVectorError) return undefined;
    throw error;
  }
}
