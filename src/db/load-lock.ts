import pg from 'pg';
import type { TenantId } from '../ids.ts';
import { isPooled } from './open-listener.ts';
import { databaseError } from './sqlstate.ts';

/** What every load of a tenant shares for as long as it lasts, and nobody can have alone until the last one is over. */
export function loadKey(tenantId: TenantId): string {
  return `tessera.load/${tenantId}`;
}

/** That a tenant is being loaded, for whoever would build its indexes. */
export interface LoadLock {
  /** False through a pooler that hands the session to others: then nobody knows of the load. */
  readonly isHeld: boolean;
  release(): Promise<void>;
}

/**
 * Tells on a connection of its own that a tenant is being loaded. The lock is the session's, so that it goes with the process,
 * however that ends, and holds between the transactions of the load, too.
 * @param onLost called when the connection fails; the load goes on, and nobody knows of it any more.
 * @throws {Refusal} `DATABASE_UNAVAILABLE`.
 */
export async function holdLoadLock(
  url: string,
  tenantId: TenantId,
  onLost: (error: unknown) => void,
): Promise<LoadLock> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: 'tessera load',
  });
  client.on('error', onLost);
  try {
    await client.connect();
    const isHeld = !(await isPooled(client));
    if (isHeld) {
      await client.query('set idle_session_timeout = 0');
      await client.query('select pg_advisory_lock_shared(hashtextextended($1, 0))', [loadKey(tenantId)]);
    }
    return { isHeld, release: () => client.end().catch(() => {}) };
  } catch (error) {
    await client.end();
    throw databaseError(error);
  }
}
