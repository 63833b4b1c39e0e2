import type pg from 'pg';
import type { Scope } from './scope.ts';
import type { Turns } from './turns.ts';

/** A connection that is somebody's until it is released. */
export interface TakenConnection {
  readonly client: pg.PoolClient;
  /** @param isBroken it is closed, and nobody gets it again. */
  release(isBroken?: boolean): void;
}

/**
 * Takes a connection of the pool when it is the tenant's turn.
 * @throws what the pool or {@link Turns.enter} throws.
 */
export async function takeConnection(
  { pool, turns, signal }: { readonly pool: pg.Pool; readonly turns?: Turns; readonly signal?: AbortSignal },
  { tenantId, role }: Pick<Scope, 'tenantId' | 'role'>,
): Promise<TakenConnection> {
  const leave = await turns?.enter({ tenant: tenantId, reads: role === 'tessera_reader', signal });
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
