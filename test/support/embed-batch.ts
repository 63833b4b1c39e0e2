import { createCallLanes } from '../../src/worker/call-lanes.ts';
import { type BatchResult, beginBatch, type WorkerDeps } from '../../src/worker/embed-batch.ts';
import { createPauses } from '../../src/worker/pauses.ts';

/** Claims one batch, and embeds it to its end. */
export async function embedBatch(deps: WorkerDeps, pauses = createPauses()): Promise<BatchResult> {
  const { result } = await beginBatch(deps, { lanes: createCallLanes(deps.concurrency ?? 1), pauses });
  return result;
}
