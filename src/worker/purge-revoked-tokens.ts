import { sqlBuilder } from '../db/compile.ts';
import { type Database, type Statement, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';

/** Which rows the worker sees at all, its policy says: those whose token expired an hour ago or before. */
export function purgeRevokedTokensStatement(): Statement<unknown> {
  return sqlBuilder.deleteFrom('revoked_tokens');
}

/** Clears away revocations of tokens that have expired by themselves, of every tenant. */
export async function purgeRevokedTokens(database: Database): Promise<void> {
  await transact(database, workerScope(), (execute) => execute(purgeRevokedTokensStatement()));
}
