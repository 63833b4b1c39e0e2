import { type Database, transact } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { graphIndexName } from './graph-index.ts';
import type { GraphTarget } from './index-kind.ts';
import { dropIndexStatement } from './index-statements.ts';
import { withMaintenance } from './maintenance-session.ts';
import { recordTierStatement } from './tier-statements.ts';

/**
 * Drops the graph of a model that is searched no longer, before a review of the tiers would.
 * @param owner a pool of the schema's owner with at least two connections.
 * @returns false where another process maintains indexes, which will do it.
 * @throws {StartupError} when the login does not own the table. {Refusal} `DATABASE_UNAVAILABLE`.
 */
export async function dropGraph(owner: Database, target: GraphTarget): Promise<boolean> {
  const dropped = await withMaintenance(owner, async (session) => {
    await transact(owner, operatorScope, (execute) => execute(recordTierStatement(target, 'exact', null)));
    await session.run(dropIndexStatement(graphIndexName(target)));
    return true;
  });
  return dropped ?? false;
}
