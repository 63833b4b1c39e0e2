import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, type Statement, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';

/** Kept queries that are older than `days`, of every tenant. The policy lets none of the last day go. */
export function purgeQuerySamplesStatement(days: number): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('query_samples')
    .where('kept_at', '<', sql<Date>`now() - make_interval(days => ${days})`);
}

/** Clears away queries that were kept for as long as they may be: `SAMPLE_QUERIES_DAYS`. */
export async function purgeQuerySamples(database: Database, days: number): Promise<void> {
  await transact(database, workerScope(), (execute) => execute(purgeQuerySamplesStatement(days)));
}
