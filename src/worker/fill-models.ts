import { type Database, readInFlight, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import { newJobId, type TenantId } from '../ids.ts';
import {
  backlogStatement,
  eraseModelStatement,
  growFillJobStatement,
  lockEmptyingStatement,
  lockFillingStatement,
  modelTables,
  noteEmptiedStatement,
  noteFilledStatement,
  openFillJobStatement,
  queueNextChunksStatement,
  unfinishedModelsStatement,
} from './model-statements.ts';
import { unlessInactive } from './unless-inactive.ts';

/** One step of filling or emptying a tenant's model. */
export interface ModelStep {
  readonly tenantId: TenantId;
  readonly modelId: number;
  /** `more`: there is another step. `waiting`: enough is queued for now. `busy`: another worker is at it, or it is done. */
  readonly state: 'more' | 'waiting' | 'done' | 'busy';
  /** Chunks that were looked at, or rows that were erased. */
  readonly rows: number;
}

/** Chunks that a step looks at, and rows that one erases: what a worker that is killed must do again. */
const rowsPerStep = 1_000;
/** Chunks of a tenant that wait for a model at most before more are queued: an edit meanwhile waits behind no more than these. */
const mostWaiting = 5_000;

/**
 * Goes on with what tenants' models are yet to be filled with, and erases what is left of retired ones, in steps that each
 * commit: a worker that is stopped at any point leaves something that the next one goes on with. Every tenant gets a step in
 * its turn.
 * @param onStep called after each commit.
 */
export async function fillModels(
  database: Database,
  signal?: AbortSignal,
  onStep: (step: ModelStep) => void = () => {},
): Promise<void> {
  const [unfinished] = await readInFlight(database, workerScope(), [unfinishedModelsStatement()]);
  for (let turn = unfinished; turn.length > 0 && !signal?.aborted; ) {
    const more: typeof turn = [];
    for (const one of turn) {
      if (signal?.aborted) return;
      const { tenantId, modelId, isRetired } = one;
      const take = isRetired ? emptyStep : fillStep;
      const step = await unlessInactive(take(database, tenantId, modelId), undefined);
      if (!step) continue;
      onStep(step);
      if (step.state === 'more') more.push(one);
    }
    turn = more;
  }
}

function fillStep(database: Database, tenantId: TenantId, modelId: number): Promise<ModelStep> {
  return transact(database, workerScope(tenantId), async (execute) => {
    const [place] = await execute(lockFillingStatement(tenantId, modelId));
    if (!place) return { tenantId, modelId, state: 'busy', rows: 0 };
    const [backlog] = await execute(backlogStatement(tenantId, modelId, mostWaiting));
    if ((backlog?.chunks ?? 0) >= mostWaiting) return { tenantId, modelId, state: 'waiting', rows: 0 };
    const jobId = place.jobId ?? newJobId();
    if (place.jobId === null) await execute(openFillJobStatement(tenantId, jobId));
    const [page] = await execute(queueNextChunksStatement(tenantId, modelId, jobId, place.filledTo, rowsPerStep));
    const { looked = 0, queued = 0, lastId = null } = page ?? {};
    const isThrough = looked < rowsPerStep;
    await execute(growFillJobStatement(tenantId, jobId, { looked, queued, isThrough }));
    await execute(noteFilledStatement(tenantId, modelId, { jobId, filledTo: lastId ?? place.filledTo, isThrough }));
    return { tenantId, modelId, state: isThrough ? 'done' : 'more', rows: looked };
  });
}

function emptyStep(database: Database, tenantId: TenantId, modelId: number): Promise<ModelStep> {
  return transact(database, workerScope(tenantId), async (execute) => {
    const [retired] = await execute(lockEmptyingStatement(tenantId, modelId));
    if (!retired) return { tenantId, modelId, state: 'busy', rows: 0 };
    let rows = 0;
    for (const table of modelTables) {
      if (rows >= rowsPerStep) break;
      const [erased] = await execute(eraseModelStatement(table, tenantId, modelId, rowsPerStep - rows));
      rows += erased?.rows ?? 0;
    }
    if (rows === 0) await execute(noteEmptiedStatement(tenantId, modelId));
    return { tenantId, modelId, state: rows === 0 ? 'done' : 'more', rows };
  });
}
