import { type Execute, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { ChunkId, TenantId } from '../ids.ts';
import type { Drift } from './drift.ts';
import {
  chunkContentsStatement,
  deleteVectorsOfChunksStatement,
  deleteVectorsStatement,
  queueChunksStatement,
  rehashChunksStatement,
} from './drift-statements.ts';
import type { DriftDeps } from './find-drift.ts';

/**
 * Takes vectors away that are wrong and queues what is to be embedded anew, all of it in one transaction; a worker then
 * does the rest. A chunk that was replaced since it was looked at is left alone.
 * @param drifts of one tenant, some hundred of them.
 */
export async function mendDrift(deps: DriftDeps, tenantId: TenantId, drifts: readonly Drift[]): Promise<void> {
  const altered = drifts.flatMap(({ kind, chunkId }) => (kind === 'altered' ? [chunkId] : []));
  const wrong = drifts.filter(({ kind }) => kind !== 'altered' && kind !== 'missing');
  await transact(deps.database, workerScope(tenantId), async (execute) => {
    if (wrong.length > 0) {
      const chunkIds = wrong.map(({ chunkId }) => chunkId);
      const modelIds = wrong.map(({ modelId }) => modelId as number);
      await execute(deleteVectorsStatement(tenantId, chunkIds, modelIds));
    }
    if (altered.length > 0) await forget(deps, tenantId, altered, execute);
    await execute(
      queueChunksStatement(
        tenantId,
        drifts.map(({ chunkId }) => chunkId),
      ),
    );
  });
}

/** The text is taken as it is: who changed it, changed it for good, and the next write of its document sets it right. */
async function forget(
  { hashOf }: DriftDeps,
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  execute: Execute,
): Promise<void> {
  await execute(deleteVectorsOfChunksStatement(tenantId, chunkIds));
  const chunks = await execute(chunkContentsStatement(tenantId, chunkIds));
  await execute(
    rehashChunksStatement(
      tenantId,
      chunks.map(({ id }) => id),
      chunks.map(({ context, text }) => hashOf(context, text)),
    ),
  );
}
