import { type Database, readInFlight, transact } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { graphIndexName, graphKind } from './graph-index.ts';
import type { GraphTarget, StoredIndex } from './index-kind.ts';
import { dropIndexStatement, storedIndexesStatement } from './index-statements.ts';
import { withMaintenance } from './maintenance-session.ts';
import { recordTierStatement } from './tier-statements.ts';

/**
 * Those of some models whose graph the database's catalog has, finished or not, recorded or not.
 * @param database of a login that may take the operator's role; the owner's is not needed.
 */
export async function keepIndexed<Target extends GraphTarget>(
  database: Database,
  targets: readonly Target[],
): Promise<Target[]> {
  const stored = await readGraphs(database);
  return targets.filter((target) => stored.has(graphIndexName(target)));
}

/**
 * Drops the graph of a model that is searched no longer, before a review of the tiers would.
 * @param owner a pool of the schema's owner with at least two connections.
 * @returns bytes of the file that is gone, as it was just before; 0 where there was none. Undefined where another process
 * maintains indexes, which will do it.
 * @throws {StartupError} when the login does not own the table. {Refusal} `DATABASE_UNAVAILABLE`.
 */
export async function dropGraph(owner: Database, target: GraphTarget): Promise<number | undefined> {
  return withMaintenance(owner, async (session) => {
    const name = graphIndexName(target);
    await transact(owner, operatorScope, (execute) => execute(recordTierStatement(target, 'exact', null)));
    const sizeBytes = (await readGraphs(owner)).get(name)?.sizeBytes ?? 0;
    await session.run(dropIndexStatement(name));
    return sizeBytes;
  });
}

async function readGraphs(database: Database): Promise<ReadonlyMap<string, StoredIndex>> {
  const [graphs] = await readInFlight(database, operatorScope, [storedIndexesStatement(graphKind)]);
  return new Map(graphs.map((graph) => [graph.name, graph]));
}
