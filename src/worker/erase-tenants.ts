import { sql } from 'kysely';
import { createBatchSize } from '../db/batch-size.ts';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';

/** What is next in a deletion; the function in the database explains each. */
type ErasureState = 'erasing' | 'waiting' | 'done' | 'busy';

/** One step of a deletion. */
export interface ErasureStep {
  readonly tenantId: TenantId;
  readonly state: ErasureState;
  readonly rows: number;
}

/**
 * Rows that one step erases at most, and so what a worker that is killed must do again: 0.09 s for small rows. Where rows are
 * so large that a step does not end within the time that a statement may take, it takes fewer.
 */
const rowsPerStep = 2_000;

/** Tenants that are being deleted, the longest first. */
export function openDeletionsStatement() {
  return sqlBuilder
    .selectFrom('tenant_deletions')
    .select(sql.ref<TenantId>('tenant_id').as('tenantId'))
    .where('finished_at', 'is', null)
    .orderBy('requested_at');
}

export function eraseTenantStatement(tenantId: TenantId, mostRows: number) {
  return sqlBuilder
    .selectFrom(sql<{ state: ErasureState; rows: number }>`erase_tenant(${tenantId}, ${mostRows})`.as('step'))
    .select(['step.state', 'step.rows']);
}

/**
 * Erases what belongs to tenants that are being deleted, in steps that each commit: a worker that is stopped at any point
 * leaves a deletion that the next one goes on with. Several may be at it; each tenant is one's at a time.
 * @param onStep called after each commit.
 */
export async function eraseTenants(
  database: Database,
  signal?: AbortSignal,
  onStep: (step: ErasureStep) => void = () => {},
): Promise<void> {
  const [open] = await readInFlight(database, workerScope(), [openDeletionsStatement()]);
  for (const { tenantId } of open) {
    const size = createBatchSize(rowsPerStep);
    let state: ErasureState = 'erasing';
    while (state === 'erasing' && !signal?.aborted) {
      const [step] = await size.run((mostRows) =>
        transact(database, workerScope(), (execute) => execute(eraseTenantStatement(tenantId, mostRows))),
      );
      if (!step) return;
      onStep({ tenantId, ...step });
      state = step.state;
    }
  }
}
