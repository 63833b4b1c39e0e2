import { type Database, readInFlight } from '../db/database.ts';
import { operatorScope } from '../db/scope.ts';
import { graphKind } from './graph-index.ts';
import type { IndexKindName, StoredIndex } from './index-kind.ts';
import { storedIndexesStatement } from './index-statements.ts';
import { wordKind } from './word-index.ts';

/** Partial indexes of one kind. */
export interface IndexCount {
  readonly kind: IndexKindName;
  readonly valid: number;
  /** Being built, or left by a build that ended early. */
  readonly unfinished: number;
}

/**
 * Counts the indexes of large tenants, from the catalog alone.
 * @param database of a login that may take the operator's role.
 */
export async function countIndexes(database: Database): Promise<IndexCount[]> {
  const [graphs, words] = await readInFlight(database, operatorScope, [
    storedIndexesStatement(graphKind),
    storedIndexesStatement(wordKind),
  ]);
  return [count('graph', graphs), count('words', words)];
}

function count(kind: IndexKindName, indexes: readonly StoredIndex[]): IndexCount {
  const valid = indexes.filter((index) => index.valid).length;
  return { kind, valid, unfinished: indexes.length - valid };
}
