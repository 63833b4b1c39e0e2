import { type Database, readInFlight, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { ChunkId, DocumentId, JobId, TenantId } from '../ids.ts';
import { coarseVector, InvalidVectorError } from '../vector.ts';
import { type EmbeddedTexts, embedTexts } from './embed-texts.ts';
import {
  type ClaimedJob,
  chunkTextsStatement,
  claimJobsStatement,
  postponeJobsStatement,
  reembeddingsStatement,
  rejectJobsStatement,
} from './job-statements.ts';
import { createPauses, type Pauses } from './pauses.ts';
import { type Delay, delayOf, delayOfPause } from './put-off.ts';
import type { SideWork } from './side-work.ts';
import { unlessInactive } from './unless-inactive.ts';
import type { EmbeddingRow } from './vector-statements.ts';
import { type WrittenVectors, writeVectors } from './write-vectors.ts';

export interface WorkerDeps {
  /** Connected as the worker's login. */
  readonly database: Database;
  readonly embedder: Embedder;
  readonly modelId: number;
  /** A second model, which is as much the worker's as the first. */
  readonly other?: Pick<WorkerDeps, 'embedder' | 'modelId'> | undefined;
  /** Days for which the audit log is kept; for ever without it. */
  readonly auditRetentionDays?: number | undefined;
  /** Days for which queries are kept, where any are; a month without it. */
  readonly sampleDays?: number;
  /** Calls to the provider at a time; 1 without it. */
  readonly concurrency?: number;
  /** How long deleted documents may be restored, in hours; a week without it. */
  readonly deletedHours?: number;
  /** Writes some of what waits from attached tables, and says how much; absent where no table is attached. */
  readonly applyChanges?: (signal?: AbortSignal) => Promise<number>;
  /** Divides documents as they would be divided now, before their chunks are embedded anew as part of a job. */
  readonly divideAnew?: (tenantId: TenantId, jobId: JobId, ids: readonly DocumentId[]) => Promise<void>;
  /** Told after each commit how long its chunks had waited for their vectors, in seconds. */
  readonly onWritten?: (waitedSeconds: readonly number[]) => void;
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
/** One whose texts are sent apart: at most a dozen calls, each as long as the provider is silent. */
const apartLeaseMs = 600_000;
/**
 * From this attempt on a text that comes back is suspected of being why. With the three repeats that a call has by default, a
 * text that nobody can embed then fails four times unsuspected, and five in a row are a provider that is down.
 */
const suspectedFrom = 2;

/** The chunks of one call to the provider: of one tenant, whose texts never travel with another's. */
interface Call {
  readonly tenantId: TenantId;
  readonly jobs: readonly ClaimedJob[];
}

/**
 * Claims jobs, embeds their chunks, and writes the vectors, tenant by tenant, several calls at a time. No connection is held
 * while the embedder works. What fails is put off with its reason; it is not lost.
 * @param pauses of this embedder: what would only be put off again is not claimed, and nothing at all while its provider wants to be
 *   left alone.
 * @param side takes calls whose texts are sent apart, which takes several timeouts of a provider that is silent. They are among
 *   the failed ones of the result. Without it they are waited for.
 */
export async function embedBatch(
  deps: WorkerDeps,
  pauses: Pauses = createPauses(),
  side?: SideWork,
): Promise<BatchResult> {
  if (pauses.provider()) return { claimed: 0, embedded: 0, failed: 0, tenants: [] };
  const { concurrency = 1 } = deps;
  const { maxBatch } = deps.embedder;
  const claim = claimJobsStatement(deps.modelId, maxBatch * concurrency, leaseSeconds, pauses.tenants());
  const jobs = await transact(deps.database, workerScope(), (execute) => execute(claim));
  const byTenant = Map.groupBy(jobs, (job: ClaimedJob) => job.tenantId);
  const calls: Call[] = [];
  for (const [tenantId, claimed] of byTenant) {
    for (let start = 0; start < claimed.length; start += maxBatch)
      calls.push({ tenantId, jobs: claimed.slice(start, start + maxBatch) });
  }
  let embedded = 0;
  const next = calls[Symbol.iterator]();
  const lane = async () => {
    for (const call of next) {
      const apart = Promise.withResolvers<void>();
      // Suspended meanwhile, its jobs wait: they are nobody's once the claim has run out, and claimed again when it is resumed.
      const work = unlessInactive(embedCall(deps, call, pauses, apart.resolve), 0);
      const ended = work.then(
        () => false,
        () => false,
      );
      const isTaken = side && (await Promise.race([ended, apart.promise.then(() => side.take(work))]));
      const done = isTaken ? 0 : await work;
      embedded += done;
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: concurrency }, lane));
  const broken = lanes.find((one) => one.status === 'rejected');
  if (broken) throw broken.reason;
  return { claimed: jobs.length, embedded, failed: jobs.length - embedded, tenants: [...byTenant.keys()] };
}

/** @param onApart told when its texts are sent apart. @returns how many chunks are done. */
async function embedCall(deps: WorkerDeps, call: Call, pauses: Pauses, onApart: () => void): Promise<number> {
  const { database, embedder, modelId } = deps;
  const { tenantId } = call;
  const chunkIds = call.jobs.map(({ chunkId }) => chunkId);
  const pause = pauses.of(tenantId);
  if (pause) {
    await putOff(deps, tenantId, chunkIds, delayOfPause(pause));
    return 0;
  }
  const chunks = await readChunks(deps, call, chunkIds);
  const texts = chunks.map(({ text }) => text);
  const { vectors, rejected, failure } = await embedTexts(embedder, texts, tenantId, {
    isSuspect: call.jobs.some(({ attempts }) => attempts >= suspectedFrom),
    beforeApart: async ({ message }) => {
      await putOff(deps, tenantId, chunkIds, { reason: message, waitMs: apartLeaseMs, wasSent: true });
      onApart();
    },
  });
  if (failure) pauses.note(failure, tenantId);
  // A chunk that is gone took its job with it.
  const written = toWritten(chunks, vectors);
  if (written.documentOf.size > 0) {
    const waited = await transact(database, workerScope(tenantId), (execute) =>
      writeVectors(tenantId, modelId, written, execute),
    );
    deps.onWritten?.(waited);
  }
  const left = chunks.filter((_, index) => !vectors.has(index) && !rejected.has(index)).map(({ id }) => id);
  if (left.length > 0 && failure)
    await putOff(deps, tenantId, left, delayOf(failure, pauses.of(tenantId), Math.random()));
  if (rejected.size > 0) {
    await transact(database, workerScope(tenantId), async (execute) => {
      for (const [index, reason] of rejected) {
        const chunk = chunks[index];
        if (chunk) await execute(rejectJobsStatement(tenantId, modelId, [chunk.id], reason, Math.random()));
      }
    });
  }
  if (chunkIds.length > left.length) database.announceChange?.(tenantId);
  return chunkIds.length - left.length - rejected.size;
}

async function putOff(
  { database, modelId }: WorkerDeps,
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  delay: Delay,
): Promise<void> {
  const statement = postponeJobsStatement(tenantId, modelId, chunkIds, delay, Math.random());
  await transact(database, workerScope(tenantId), (execute) => execute(statement));
}

/** The texts that are to be embedded. Of documents that are embedded anew, those that they are divided into now. */
async function readChunks(
  { database, divideAnew }: WorkerDeps,
  { tenantId, jobs }: Call,
  chunkIds: readonly ChunkId[],
): Promise<ChunkText[]> {
  const texts = chunkTextsStatement(tenantId, chunkIds);
  const jobOf = new Map(jobs.map(({ chunkId, jobId }) => [chunkId, jobId]));
  const jobIds = [...new Set(jobOf.values())].filter((id) => id !== null);
  const scope = workerScope(tenantId);
  const [chunks, anew] = await readInFlight(database, scope, [texts, reembeddingsStatement(tenantId, jobIds)]);
  if (anew.length === 0 || !divideAnew) return chunks;
  for (const { id } of anew) {
    const documents = chunks.filter((chunk) => jobOf.get(chunk.id) === id).map(({ documentId }) => documentId);
    await divideAnew(tenantId, id, [...new Set(documents)]);
  }
  const [divided] = await readInFlight(database, scope, [texts]);
  return divided;
}

type ChunkText = ReturnType<typeof chunkTextsStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

function toWritten(chunks: readonly ChunkText[], vectors: EmbeddedTexts['vectors']): WrittenVectors {
  const embeddings: EmbeddingRow[] = [];
  const unembeddable: ChunkId[] = [];
  const documentOf = new Map<ChunkId, DocumentId>();
  for (const [index, { id, documentId }] of chunks.entries()) {
    if (!vectors.has(index)) continue;
    documentOf.set(id, documentId);
    const row = toRow(id, vectors.get(index));
    if (row) embeddings.push(row);
    else unembeddable.push(id);
  }
  return { embeddings, unembeddable, documentOf };
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
