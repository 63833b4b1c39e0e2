import { sql } from 'kysely';
import { sqlBuilder } from './compile.ts';
import type { Statement } from './database.ts';

/**
 * What has a statement that is parsed under a name planned once by its connection, and what takes it back. To be planned for
 * nobody it must be looked up by index and joined row by row, whoever asks first: PostgreSQL plans it anew when a table was
 * analysed or vacuumed, so this goes ahead of the statement every time.
 */
export const planOnceSettings = settingsOf('force_generic_plan', 'off');
export const planForTenantSettings = settingsOf('force_custom_plan', 'on');

function settingsOf(mode: string, others: 'on' | 'off'): string {
  const ways = ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'].map((way) => `set local enable_${way} = ${others}`);
  return [`set local plan_cache_mode = ${mode}`, ...ways].join('; ');
}

/**
 * Has statements behind it planned without a look at their parameters, to be sent in a scope that writes thousands of rows. The
 * scope's own rule, a plan for each tenant, holds for what PostgreSQL does by itself, too: every check of a foreign key is
 * planned anew, 90 microseconds for each row, and until a growing tenant is analysed as one whose rows are few, so that
 * a check read all of them: 2 ms for each row of a tenant of 8,000. Everything that a load does goes by whole keys, so
 * joins are by index, too: the planner, which knows nothing of a temporary table, would rather read every chunk of the tenant.
 */
export function planOnceStatements(): Statement<unknown>[] {
  const settings = ['plan_cache_mode = force_generic_plan', 'enable_hashjoin = off', 'enable_mergejoin = off'];
  return settings.map((setting) => ({ compile: () => sql`set local ${sql.raw(setting)}`.compile(sqlBuilder) }));
}
