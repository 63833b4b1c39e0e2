import type pg from 'pg';
import type { Database } from '../../src/db/database.ts';
import { type Scope, scopeStatement } from '../../src/db/scope.ts';

/** What became of a statement: the rows it read or touched, or the SQLSTATE with which it was refused. */
export type Outcome =
  | { readonly rows: readonly Record<string, unknown>[]; readonly count: number }
  | { readonly code: string };

/** Tries a statement inside a scope and takes back whatever it did. */
export async function tryInScope(
  database: Database,
  scope: Scope,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<Outcome> {
  const client = await database.pool.connect();
  try {
    await client.query(`begin; ${scopeStatement(scope, database.scopeDefaults)}`);
    const result: pg.QueryResult = await client.query(text, [...parameters]);
    return { rows: result.rows, count: result.rowCount ?? 0 };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string') throw error;
    return { code };
  } finally {
    await client.query('rollback');
    client.release();
  }
}
