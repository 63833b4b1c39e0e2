import { type Database, readInFlight } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { type Crossover, crossoverStatement, toCrossover } from './crossover.ts';
import { defaultWordCrossover, type Tier } from './decide-tier.ts';
import { graphKind } from './graph-index.ts';
import type { GraphTarget, IndexKind, IndexTarget, StoredIndex, WordTarget } from './index-kind.ts';
import { storedIndexesStatement } from './index-statements.ts';
import { type ModelRole, tierStatusStatement } from './tier-statements.ts';
import { wordKind } from './word-index.ts';
import { wordStatesStatement } from './word-statements.ts';

/** How one tenant is indexed for one model. */
export interface TenantTier extends GraphTarget {
  readonly model: string;
  readonly role: ModelRole;
  /** False for a model that the worker still goes through the tenant's chunks for. */
  readonly isFilled: boolean;
  readonly tier: Tier;
  readonly tierChangedAt: Date;
  /** Counted now. */
  readonly chunks: number;
  /** Absent where no graph was begun. */
  readonly graph?: StoredIndex;
}

/** How one language of a tenant is indexed. */
export interface TenantWords extends WordTarget {
  /** As the worker counted them last, within 5 %. */
  readonly chunks: number;
  /** Whether searches are told that there is a word index. */
  readonly isRecorded: boolean;
  /** Absent where no word index was begun. */
  readonly index?: StoredIndex;
}

export interface TierStatus {
  readonly crossover: Crossover;
  /** Largest first. */
  readonly tenants: readonly TenantTier[];
  /** Chunks of a language from which on it gets a word index. */
  readonly wordCrossover: number;
  /** Every language of every tenant, largest first. */
  readonly words: readonly TenantWords[];
  /** Indexes whose tenant, model or language is gone; the next review drops them. */
  readonly orphans: readonly StoredIndex[];
}

/**
 * Reads how everybody is indexed. Counts every vector, so it takes some 0.1 s for each million.
 * @param database of a login that may take the operator's role; the owner's is not needed.
 */
export async function readTierStatus(database: Database): Promise<TierStatus> {
  const [vectors, graphs, stored, languages, wordIndexes] = await readInFlight(database, operatorScope, [
    tierStatusStatement(),
    storedIndexesStatement(graphKind),
    crossoverStatement(),
    wordStatesStatement(),
    storedIndexesStatement(wordKind),
  ]);
  const graphOf = finder(graphKind, graphs);
  const tenants = vectors.map((row) => {
    const graph = graphOf.take(row);
    return { ...row, ...(graph && { graph }) };
  });
  const wordsOf = finder(wordKind, wordIndexes);
  const words = languages.map((row) => {
    const index = wordsOf.take(row);
    return { ...row, ...(index && { index }) };
  });
  return {
    crossover: toCrossover(stored),
    tenants,
    wordCrossover: defaultWordCrossover,
    words,
    orphans: [...graphOf.rest(), ...wordsOf.rest()],
  };
}

/** Finds stored indexes by what they are built over, and then those that nothing was found for. */
function finder<Target extends IndexTarget>(kind: IndexKind<Target>, indexes: readonly StoredIndex[]) {
  const left = new Map(indexes.map((index) => [index.name, index]));
  return {
    take(target: Target): StoredIndex | undefined {
      const name = kind.indexName(target);
      const index = left.get(name);
      left.delete(name);
      return index;
    },
    rest: () => left.values(),
  };
}
