import { sqlBuilder } from '../db/compile.ts';
import { type Database, type Statement, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';

/** Which rows the worker sees at all, its policy says: those that are a day old. */
export function purgeOutcomesStatement(): Statement<unknown> {
  return sqlBuilder.deleteFrom('write_outcomes');
}

/** Those on which nothing has happened for a month. */
export function purgeJobsStatement(): Statement<unknown> {
  return sqlBuilder.deleteFrom('jobs');
}

/** Clears away outcomes and jobs that have served their time, of every tenant. */
export async function clearAway(database: Database): Promise<void> {
  await transact(database, workerScope(), async (execute) => {
    await execute(purgeOutcomesStatement());
    await execute(purgeJobsStatement());
  });
}
