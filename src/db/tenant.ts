import type { Principal } from '../auth/principal.ts';
import { type Copy, type Database, type Execute, readInFlight, type Statement, transact } from './database.ts';
import { type ScopeSettings, tenantScope, writerScope } from './scope.ts';

/**
 * Reads one tenant's rows in one flight, under row-level security, as a role that cannot write and sees what the scopes open.
 * @returns the statement's rows.
 * @throws {Refusal} `DATABASE_UNAVAILABLE` or `STATEMENT_TIMEOUT`; SQLSTATE 42501 for what the principal's scopes do not open.
 */
export async function readAsTenant<Row>(
  database: Database,
  principal: Principal,
  statement: Statement<Row>,
  settings?: ScopeSettings,
): Promise<Row[]> {
  const [rows] = await readInFlight(database, tenantScope(principal, settings), [statement]);
  return rows as Row[];
}

/**
 * Writes one tenant's rows in one transaction, under row-level security: all of it or nothing.
 * @throws what the work throws; {@link readAsTenant}'s refusals; SQLSTATE 42501 for a principal without `documents:write`.
 */
export function writeAsTenant<Result>(
  database: Database,
  principal: Principal,
  work: (execute: Execute, copy: Copy) => Promise<Result>,
): Promise<Result> {
  return transact(database, writerScope(principal), work);
}
