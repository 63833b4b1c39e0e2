import type { Database } from '../../src/db/database.ts';
import { openTestGateway } from '../support/gateway.ts';
import type { Ground } from './fuzz.ts';
import { readTenantTables } from './tenant-tables.ts';

/** A gateway with what is needed to fuzz it. */
export interface OpenGround extends Ground, AsyncDisposable {}

/** @param through changes how every database is talked to, where the fuzz itself is tested. */
export async function openGround(
  through: (own: Database) => Promise<Database> = async (own) => own,
): Promise<OpenGround> {
  const gateway = await openTestGateway({ federation: true, serveFrom: through });
  return {
    gateway,
    databases: { gateway: gateway.deps.database, worker: await through(gateway.db.worker) },
    tables: await readTenantTables(gateway.db.owner),
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}
