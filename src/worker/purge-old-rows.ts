import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import { type Statement, transact } from '../db/database.ts';
import { workerScope } from '../db/scope.ts';
import type { WorkerDeps } from './embed-batch.ts';

/** Rows of one transaction: after a retention is first set, there may be years of them. */
const rowsPerPurge = 5_000;

/** Which windows the worker sees at all, its policy says: those that ended a day ago or before. */
export function purgeQuotaWindowsStatement(): Statement<unknown> {
  return sqlBuilder.deleteFrom('quota_windows');
}

/** The oldest rows of the audit log that are older than `days`, of every tenant. Its policy lets none of the last week go. */
export function purgeAuditLogStatement(days: number, limit: number) {
  const old = sqlBuilder
    .selectFrom('audit_log')
    .select(['tenant_id', 'id'])
    .where('at', '<', sql<Date>`now() - make_interval(days => ${days})`)
    .orderBy('at')
    .limit(limit);
  return sqlBuilder
    .with('old', () => old)
    .deleteFrom('audit_log')
    .using('old')
    .whereRef('audit_log.tenant_id', '=', 'old.tenant_id')
    .whereRef('audit_log.id', '=', 'old.id')
    .returning('audit_log.id');
}

/** Clears away windows of limits that are over, and what the audit log need not keep any longer. */
export async function purgeOldRows({
  database,
  auditRetentionDays,
}: Pick<WorkerDeps, 'database' | 'auditRetentionDays'>) {
  await transact(database, workerScope(), (execute) => execute(purgeQuotaWindowsStatement()));
  if (auditRetentionDays === undefined) return;
  for (;;) {
    const purge = purgeAuditLogStatement(auditRetentionDays, rowsPerPurge);
    const gone = await transact(database, workerScope(), (execute) => execute(purge));
    if (gone.length < rowsPerPurge) return;
  }
}
