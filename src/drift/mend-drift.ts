import { type Execute, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { ChunkId, DocumentId, TenantId } from '../ids.ts';
import { deleteLeftoversStatement, lockClearedStatement } from './document-statements.ts';
import type { Drift } from './drift.ts';
import {
  chunkContentsStatement,
  deleteVectorsStatement,
  queueAnewStatement,
  queueChunksStatement,
  rehashChunksStatement,
} from './drift-statements.ts';
import type { DriftDeps } from './find-drift.ts';

export interface MendDeps extends DriftDeps {
  /** Divides documents as they would be divided now, as an edit does: chunks that stay what they are keep their vectors. */
  readonly divide: (tenantId: TenantId, ids: readonly DocumentId[]) => Promise<unknown>;
}

/**
 * Brings documents, chunks and vectors back in step: takes wrong vectors away, queues what is to be embedded anew, and has documents
 * divided anew whose chunks are not theirs. A worker then does the rest. What was replaced since it was looked at is left alone.
 *
 * Whoever is stopped in between leaves what the next look finds.
 * @param drifts of one tenant, some hundred of them.
 */
export async function mendDrift(deps: MendDeps, tenantId: TenantId, drifts: readonly Drift[]): Promise<void> {
  const { missing = [], altered = [], leftover = [], ...others } = Object.groupBy(drifts, ({ kind }) => kind);
  const wrong = Object.values(others)
    .flat()
    .filter((drift) => 'modelId' in drift);
  const apart = Object.values(others)
    .flat()
    .filter((drift) => 'documentId' in drift);
  await transact(deps.database, workerScope(tenantId), async (execute) => {
    if (wrong.length > 0)
      await execute(
        deleteVectorsStatement(
          tenantId,
          chunksOf(wrong),
          wrong.map(({ modelId }) => modelId),
        ),
      );
    if (altered.length > 0) await acknowledge(deps, tenantId, chunksOf(altered), execute);
    await execute(queueChunksStatement(tenantId, chunksOf([...missing, ...wrong])));
  });
  if (leftover.length > 0) await removeLeftovers(deps, tenantId, leftover);
  const documentIds = new Set([...documentsOf(altered), ...documentsOf(apart)]);
  if (documentIds.size > 0) await deps.divide(tenantId, [...documentIds]);
}

/**
 * A chunk is known by what it reads from now on, so that its document is seen to say something else and gets another in its place.
 * Where the document says the same, the chunk stays and needs another vector, because the one that it has is of the old text.
 */
async function acknowledge(
  { hashes }: DriftDeps,
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  execute: Execute,
): Promise<void> {
  const chunks = await execute(chunkContentsStatement(tenantId, chunkIds));
  await execute(
    rehashChunksStatement(
      tenantId,
      chunks.map(({ id }) => id),
      chunks.map(({ context, text }) => hashes.ofChunk(context, text)),
    ),
  );
  await execute(queueAnewStatement(tenantId, chunkIds));
}

async function removeLeftovers({ database }: DriftDeps, tenantId: TenantId, leftover: readonly Drift[]): Promise<void> {
  await transact(database, { role: 'tessera_tenant', tenantId }, async (execute) => {
    await execute(lockClearedStatement(tenantId, documentsOf(leftover)));
    await execute(deleteLeftoversStatement(tenantId, chunksOf(leftover)));
  });
}

function chunksOf(drifts: readonly Drift[]): ChunkId[] {
  return drifts.flatMap((drift) => ('chunkId' in drift ? [drift.chunkId] : []));
}

function documentsOf(drifts: readonly Drift[]): DocumentId[] {
  return drifts.flatMap((drift) => ('documentId' in drift ? [drift.documentId] : []));
}
