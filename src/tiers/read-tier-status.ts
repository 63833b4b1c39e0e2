import { type Database, readInFlight } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { type Crossover, crossoverStatement, toCrossover } from './crossover.ts';
import type { Tier, TierFacts } from './decide-tier.ts';
import { type GraphTarget, graphIndexName } from './graph-index.ts';
import { graphIndexesStatement } from './index-statements.ts';
import type { GraphIndex } from './plan-tiers.ts';
import { tierStatusStatement } from './tier-statements.ts';

/** How one tenant is indexed for one model. */
export interface TenantTier extends GraphTarget {
  readonly model: string;
  readonly role: TierFacts['role'];
  readonly tier: Tier;
  readonly tierChangedAt: Date;
  /** Counted now. */
  readonly chunks: number;
  /** Absent where no graph was begun. */
  readonly graph?: GraphIndex;
}

export interface TierStatus {
  readonly crossover: Crossover;
  /** Largest first. */
  readonly tenants: readonly TenantTier[];
  /** Graphs whose tenant or model is gone; the next review drops them. */
  readonly orphans: readonly GraphIndex[];
}

/**
 * Reads how everybody is indexed. Counts every vector, so it takes some 0.1 s for each million.
 * @param database of a login that may take the operator's role; the owner's is not needed.
 */
export async function readTierStatus(database: Database): Promise<TierStatus> {
  const [rows, indexes, stored] = await readInFlight(database, operatorScope, [
    tierStatusStatement(),
    graphIndexesStatement(),
    crossoverStatement(),
  ]);
  const found = new Map(indexes.map((index) => [index.name, index]));
  const tenants = rows.map((row) => {
    const name = graphIndexName(row);
    const graph = found.get(name);
    found.delete(name);
    return { ...row, ...(graph && { graph }) };
  });
  return { crossover: toCrossover(stored), tenants, orphans: [...found.values()] };
}
