import { type Database, readInFlight, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { ChunkId, JobId, TenantId } from '../ids.ts';
import { coarseVector, InvalidVectorError } from '../vector.ts';
import { type EmbeddedTexts, embedTexts } from './embed-texts.ts';
import {
  type ClaimedJob,
  chunkTextsStatement,
  claimJobsStatement,
  deleteJobsStatement,
  noteProgressStatement,
  postponeJobsStatement,
  rejectJobsStatement,
} from './job-statements.ts';
import { noteWrittenStatement } from './term-stats-statements.ts';
import {
  deleteMarksStatement,
  deleteOwnVectorsStatement,
  deleteStandInsStatement,
  type EmbeddingRow,
  insertEmbeddingsStatement,
  insertUnembeddableStatement,
  lockEditedDocumentsStatement,
} from './vector-statements.ts';

export interface WorkerDeps {
  /** Connected as the worker's login. */
  readonly database: Database;
  readonly embedder: Embedder;
  readonly modelId: number;
  /** Calls to the provider at a time; 1 without it. */
  readonly concurrency?: number;
  /** How long deleted documents may be restored, in hours; a week without it. */
  readonly deletedHours?: number;
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

/** The chunks of one call to the provider: of one tenant, whose texts never travel with another's. */
interface Call {
  readonly tenantId: TenantId;
  readonly chunkIds: readonly ChunkId[];
}

/**
 * Claims jobs, embeds their chunks, and writes the vectors, tenant by tenant, several calls at a time. No connection is held
 * while the embedder works. What fails is put off with its reason; it is not lost.
 */
export async function embedBatch(deps: WorkerDeps): Promise<BatchResult> {
  const { concurrency = 1 } = deps;
  const { maxBatch } = deps.embedder;
  const claim = claimJobsStatement(deps.modelId, maxBatch * concurrency, leaseSeconds);
  const jobs = await transact(deps.database, workerScope(), (execute) => execute(claim));
  const byTenant = Map.groupBy(jobs, (job: ClaimedJob) => job.tenantId);
  const calls: Call[] = [];
  for (const [tenantId, claimed] of byTenant) {
    const chunkIds = claimed.map(({ chunkId }) => chunkId);
    for (let start = 0; start < chunkIds.length; start += maxBatch)
      calls.push({ tenantId, chunkIds: chunkIds.slice(start, start + maxBatch) });
  }
  let embedded = 0;
  const next = calls[Symbol.iterator]();
  const lane = async () => {
    for (const call of next) embedded += await embedCall(deps, call);
  };
  const lanes = await Promise.allSettled(Array.from({ length: concurrency }, lane));
  const broken = lanes.find((one) => one.status === 'rejected');
  if (broken) throw broken.reason;
  return { claimed: jobs.length, embedded, failed: jobs.length - embedded, tenants: [...byTenant.keys()] };
}

/** @returns how many chunks are done. */
async function embedCall(deps: WorkerDeps, { tenantId, chunkIds }: Call): Promise<number> {
  const { database, embedder, modelId } = deps;
  const [chunks] = await readInFlight(database, workerScope(tenantId), [chunkTextsStatement(tenantId, chunkIds)]);
  const texts = chunks.map(({ text }) => text);
  const { vectors, rejected, failure } = await embedTexts(embedder, texts);
  const done = chunks.filter((_, index) => vectors.has(index));
  // A chunk that is gone took its job with it.
  if (done.length > 0) await writeVectors(deps, tenantId, chunks, vectors);
  const left = chunks.filter((_, index) => !vectors.has(index) && !rejected.has(index)).map(({ id }) => id);
  if (left.length > 0 || rejected.size > 0) {
    await transact(database, workerScope(tenantId), async (execute) => {
      if (left.length > 0) await execute(postponeJobsStatement(tenantId, modelId, left, failure ?? 'It was not sent.'));
      for (const [index, reason] of rejected) {
        const chunk = chunks[index];
        if (chunk) await execute(rejectJobsStatement(tenantId, modelId, [chunk.id], reason));
      }
    });
  }
  return chunkIds.length - left.length - rejected.size;
}

type ChunkText = ReturnType<typeof chunkTextsStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

/**
 * Writes what the model made of chunks and discharges their jobs, in one transaction. Where these were the last chunks of an
 * edited document, the vectors of its old text go in the same one.
 */
async function writeVectors(
  { database, modelId }: WorkerDeps,
  tenantId: TenantId,
  chunks: readonly ChunkText[],
  vectors: EmbeddedTexts['vectors'],
): Promise<void> {
  const embeddings: EmbeddingRow[] = [];
  const unembeddable: ChunkId[] = [];
  const done = chunks.filter((_, index) => vectors.has(index));
  for (const [index, chunk] of chunks.entries()) {
    if (!vectors.has(index)) continue;
    const row = toRow(chunk.id, vectors.get(index));
    if (row) embeddings.push(row);
    else unembeddable.push(chunk.id);
  }
  const chunkIds = done.map(({ id }) => id);
  const documentOf = new Map(done.map(({ id, documentId }) => [id, documentId]));
  await transact(database, workerScope(tenantId), async (execute) => {
    await execute(deleteOwnVectorsStatement(tenantId, modelId, chunkIds));
    await execute(deleteMarksStatement(tenantId, modelId, chunkIds));
    if (embeddings.length > 0) await execute(insertEmbeddingsStatement(tenantId, modelId, embeddings));
    if (unembeddable.length > 0) await execute(insertUnembeddableStatement(tenantId, modelId, unembeddable));
    await execute(lockEditedDocumentsStatement(tenantId, modelId, [...new Set(documentOf.values())]));
    const discharged = await execute(deleteJobsStatement(tenantId, modelId, chunkIds));
    // Of chunks that were still due only: their rows are locked by now, so nobody edits their documents.
    const finished = new Set(discharged.flatMap(({ chunkId }) => documentOf.get(chunkId) ?? []));
    await execute(deleteStandInsStatement(tenantId, modelId, [...finished]));
    const progress = new Map<JobId, number>();
    for (const { jobId } of discharged) if (jobId !== null) progress.set(jobId, (progress.get(jobId) ?? 0) + 1);
    if (progress.size > 0) await execute(noteProgressStatement(tenantId, progress));
    await execute(noteWrittenStatement(tenantId, discharged.length));
  });
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
