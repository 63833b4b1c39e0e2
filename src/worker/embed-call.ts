import { type Database, readInFlight, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { ChunkId, DocumentId, JobId, TenantId } from '../ids.ts';
import { coarseVector, InvalidVectorError } from '../vector.ts';
import { type EmbeddedTexts, embedTexts } from './embed-texts.ts';
import {
  buryJobsStatement,
  type ClaimedJob,
  chunkTextsStatement,
  postponeJobsStatement,
  reembeddingsStatement,
  rejectJobsStatement,
} from './job-statements.ts';
import type { Pauses } from './pauses.ts';
import { type Delay, delayOf, delayOfPause } from './put-off.ts';
import type { EmbeddingRow } from './vector-statements.ts';
import { type WrittenVectors, writeVectors } from './write-vectors.ts';

/** What a call to the provider of one model is made with. */
export interface CallDeps {
  /** Connected as the worker's login. */
  readonly database: Database;
  readonly embedder: Embedder;
  readonly modelId: number;
  /**
   * Divides documents as they would be divided now, before their chunks are embedded anew as part of a job, and says why some stay
   * as they are: these are not embedded.
   */
  readonly divideAnew?: (
    tenantId: TenantId,
    jobId: JobId,
    ids: readonly DocumentId[],
  ) => Promise<ReadonlyMap<DocumentId, string>>;
  /** Told after each commit how long its chunks had waited for their vectors, in seconds. */
  readonly onWritten?: (waitedSeconds: readonly number[]) => void;
}

/** The chunks of one call to the provider: of one tenant, whose texts never travel with another's. */
export interface Call {
  readonly tenantId: TenantId;
  readonly jobs: readonly ClaimedJob[];
}

/** A claim whose texts are sent apart lasts so long: at most a dozen calls, each as long as the provider is silent. */
const apartLeaseMs = 600_000;
/**
 * From this attempt on a text that comes back is suspected of being why. With the three repeats that a call has by default, a
 * text that nobody can embed then fails four times unsuspected, and five in a row are a provider that is down.
 */
const suspectedFrom = 2;

/**
 * Embeds the chunks of a call and writes their vectors. No connection is held while the embedder works. What fails is put off with
 * its reason; it is not lost.
 * @param onApart told when its texts are sent apart.
 * @returns how many chunks are done.
 */
export async function embedCall(deps: CallDeps, call: Call, pauses: Pauses, onApart: () => void): Promise<number> {
  const { database, embedder, modelId } = deps;
  const { tenantId } = call;
  const chunkIds = call.jobs.map(({ chunkId }) => chunkId);
  const pause = pauses.of(tenantId);
  if (pause) {
    await putOff(deps, tenantId, chunkIds, delayOfPause(pause));
    return 0;
  }
  const { chunks, buried } = await readChunks(deps, call, chunkIds);
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
  return chunkIds.length - left.length - rejected.size - buried;
}

async function putOff(
  { database, modelId }: CallDeps,
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  delay: Delay,
): Promise<void> {
  const statement = postponeJobsStatement(tenantId, modelId, chunkIds, delay, Math.random());
  await transact(database, workerScope(tenantId), (execute) => execute(statement));
}

/**
 * The texts that are to be embedded. Of documents that are embedded anew, those that they are divided into now; chunks of those that
 * could not be divided become dead letters, and keep the vectors that they have.
 */
async function readChunks(
  { database, modelId, divideAnew }: CallDeps,
  { tenantId, jobs }: Call,
  chunkIds: readonly ChunkId[],
): Promise<{ readonly chunks: readonly ChunkText[]; readonly buried: number }> {
  const texts = chunkTextsStatement(tenantId, chunkIds);
  const jobOf = new Map(jobs.map(({ chunkId, jobId }) => [chunkId, jobId]));
  const jobIds = [...new Set(jobOf.values())].filter((id) => id !== null);
  const scope = workerScope(tenantId);
  const [chunks, anew] = await readInFlight(database, scope, [texts, reembeddingsStatement(tenantId, jobIds)]);
  if (anew.length === 0 || !divideAnew) return { chunks, buried: 0 };
  const buried = new Set<ChunkId>();
  for (const { id } of anew) {
    const ofJob = chunks.filter((chunk) => jobOf.get(chunk.id) === id);
    const refused = await divideAnew(tenantId, id, [...new Set(ofJob.map(({ documentId }) => documentId))]);
    for (const [reason, documents] of Map.groupBy(refused.keys(), (documentId) => refused.get(documentId) as string)) {
      const left = ofJob.filter(({ documentId }) => documents.includes(documentId)).map((chunk) => chunk.id);
      const bury = buryJobsStatement(tenantId, modelId, left, `Not divided anew, and so not embedded anew. ${reason}`);
      await transact(database, scope, (execute) => execute(bury));
      for (const chunkId of left) buried.add(chunkId);
    }
  }
  const [divided] = await readInFlight(database, scope, [texts]);
  return { chunks: divided.filter(({ id }) => !buried.has(id)), buried: buried.size };
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
