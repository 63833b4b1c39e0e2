import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { readInFlight, transact } from '../db/database.ts';
import { operatorScopeOf } from '../db/scope.ts';
import { newTenantDeletionId, type TenantDeletionId, type TenantId } from '../ids.ts';
import { deletionByIdStatement, deletionsOfTenantStatement, insertDeletionStatement } from './deletion-statements.ts';
import type { TenantDeps } from './read-tenant.ts';
import { TenantStateError } from './tenant-error.ts';
import { changeTenantStatement, tenantByIdStatement } from './tenant-statements.ts';

/** How far a deletion is. */
export type DeletionStatus = 'waiting' | 'erasing' | 'finished';

/** What became of a tenant's rows in one table. */
export interface ErasedTable {
  readonly table: string;
  readonly erasedRows: number;
  /** Counted when everything was erased: 0, or what is kept of revoked tokens. Null until then. */
  readonly remainingRows: number | null;
}

/** The deletion of a tenant; when it is finished, its receipt. */
export interface TenantDeletion {
  readonly id: TenantDeletionId;
  readonly tenantId: TenantId;
  readonly status: DeletionStatus;
  /** Subject of whoever asked for it. */
  readonly requestedBy: string;
  readonly requestedAt: Date;
  /** The request in which it was asked for, and the `jti` of the token. Null where that had none, or where it is older than the columns. */
  readonly requestId: string | null;
  readonly tokenId: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Every table that holds rows of tenants, by name; none until the first rows are erased. */
  readonly tables: readonly ErasedTable[];
  /** Indexes of the tenant's own that must be dropped before it is finished. */
  readonly indexesToDrop: readonly string[];
  /** Attached tables that were all the tenant's, by name. They are detached; their triggers stay and note nothing. */
  readonly detachedTables: readonly string[];
  /** Revocations of tokens that had not expired when it finished; 0 until then. */
  readonly keptRevocations: number;
  /** When the last of them is cleared away; null where none is kept. */
  readonly keptRevocationsUntil: Date | null;
}

/**
 * Deletes a tenant: from the commit on its requests are refused, and the worker erases everything of it, a bounded number
 * of rows at a time. It cannot be taken back. For a tenant that is being deleted already, that deletion.
 * @throws {TenantStateError} `TENANT_NOT_FOUND`.
 */
export async function deleteTenant(
  { database }: TenantDeps,
  principal: Principal,
  tenantId: TenantId,
): Promise<TenantDeletion> {
  const deletion = await transact(database, operatorScopeOf(principal), async (execute) => {
    const [changed] = await execute(changeTenantStatement(tenantId, { status: 'deleting' }));
    if (changed) {
      const id = newTenantDeletionId();
      await execute(insertDeletionStatement(tenantId, id, principal.subject));
      // Erased with all else of the tenant; the receipt says who asked for it, in which request.
      const entry = {
        action: 'deleteTenant',
        targetKind: 'tenant',
        targetIds: [tenantId],
        details: { deletionId: id },
      };
      await execute(auditStatement(tenantId, entry));
    } else if ((await execute(tenantByIdStatement(tenantId))).length === 0) {
      throw new TenantStateError('TENANT_NOT_FOUND', tenantId);
    }
    const [newest] = await execute(deletionsOfTenantStatement(tenantId, 1));
    if (!newest) throw new TenantStateError('TENANT_NOT_FOUND', tenantId);
    return toDeletion(newest);
  });
  // Its subscriptions look, and end.
  database.announceChange?.(tenantId);
  return deletion;
}

/** A deletion by its id; undefined where there is none. */
export async function readDeletion(
  { database }: TenantDeps,
  principal: Principal,
  id: TenantDeletionId,
): Promise<TenantDeletion | undefined> {
  const [rows] = await readInFlight(database, operatorScopeOf(principal), [deletionByIdStatement(id)]);
  return rows[0] && toDeletion(rows[0]);
}

/** Deletions that a tenant id went through, newest first, at most a hundred. */
export async function readDeletions(
  { database }: TenantDeps,
  principal: Principal,
  tenantId: TenantId,
): Promise<TenantDeletion[]> {
  const [rows] = await readInFlight(database, operatorScopeOf(principal), [deletionsOfTenantStatement(tenantId, 100)]);
  return rows.map(toDeletion);
}

type DeletionRow = ReturnType<typeof deletionByIdStatement> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

function toDeletion({ erased, remaining, ...deletion }: DeletionRow): TenantDeletion {
  const { finishedAt, startedAt } = deletion;
  const names = Object.keys({ ...erased, ...remaining }).sort();
  return {
    ...deletion,
    status: finishedAt ? 'finished' : startedAt ? 'erasing' : 'waiting',
    tables: names.map((table) => ({
      table,
      erasedRows: erased[table] ?? 0,
      remainingRows: remaining?.[table] ?? null,
    })),
  };
}
