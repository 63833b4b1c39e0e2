import type pg from 'pg';
import type { DatabaseWatch } from './database-watch.ts';
import { readingRoles, type Scope, type ScopeRole } from './scope.ts';
import type { Turns } from './turns.ts';

/** A connection that is somebody's until it is released. */
export interface TakenConnection {
  readonly client: pg.PoolClient;
  /** @param isBroken it is closed, and nobody gets it again. */
  release(isBroken?: boolean): void;
}

const readers: ReadonlySet<ScopeRole> = new Set(readingRoles);

interface TakenFrom {
  readonly pool: pg.Pool;
  readonly turns?: Turns;
  readonly signal?: AbortSignal;
  readonly watch?: DatabaseWatch;
}

/**
 * Takes a connection of the pool when it is the tenant's turn.
 * @throws what the pool or {@link Turns.enter} throws.
 */
export async function takeConnection(
  { pool, turns, signal, watch }: TakenFrom,
  { tenantId, role }: Pick<Scope, 'tenantId' | 'role'>,
): Promise<TakenConnection> {
  const turn = turns?.enter({ tenant: tenantId, reads: readers.has(role), signal });
  const leave = turn instanceof Promise && watch ? await turn.finally(watch.onWait()) : await turn;
  try {
    const client = await pool.connect();
    return {
      client,
      release(isBroken = false) {
        client.release(isBroken);
        leave?.();
      },
    };
  } catch (error) {
    leave?.();
    throw error;
  }
}
