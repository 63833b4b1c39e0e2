import type { TenantId } from '../../src/ids.ts';
import { type Outcome, tryInScope } from '../support/in-scope.ts';
import type { Databases } from './database-reads.ts';
import type { Draws } from './draws.ts';
import { type Report, show } from './part.ts';
import type { TableGrants } from './tenant-tables.ts';
import type { World } from './world.ts';

/** Rows that the worker sees of every tenant: the queue, and what has expired. */
const workersOwn = ['embedding_jobs', 'revoked_tokens'];

/** Changes of a column that every row can take; of other tables the default is tried. */
const changes: Readonly<Record<string, string>> = {
  documents: `status = 'changed'`,
  collections: `language = 'german'`,
  api_keys: 'revoked_at = now()',
  revoked_tokens: 'expires_at = now()',
  embedding_jobs: 'attempts = 9',
};

/** Anything of a column's type, where a role may write it and not read it. */
const anyValues: Readonly<Record<string, string>> = {
  bytea: `sha256('x')`,
  text: `'u:x'`,
  integer: '1',
  uuid: 'gen_random_uuid()',
  'timestamp with time zone': 'now()',
};

/**
 * Tries something with a whole table past the gateway, in the scope of a tenant and without naming it, and takes it back:
 * only rows of the tenant may be touched, and each of them.
 * @returns whether it was refused.
 */
export async function attemptRaw(
  world: World,
  on: Databases,
  tables: readonly TableGrants[],
  draws: Draws,
  report: Report,
): Promise<boolean> {
  const grants = draws.pick(tables);
  const { table, role } = grants;
  const [tenant, other] = draws.chance(0.5) ? world.tenants : world.tenants.toReversed();
  if (!tenant || !other) return true;
  const database = role === 'tessera_worker' ? on.worker : on.gateway;
  const scope = { role, tenantId: tenant.id as TenantId, subject: draws.pick(world.subjects), groups: [] };
  const attempt = (sql: string, parameters: unknown[] = []) => tryInScope(database, scope, sql, parameters);
  const seesAll = role === 'tessera_worker' && workersOwn.includes(table);
  const where = `${role} of ${tenant.id} on ${table}`;

  const verbs = [
    ...(grants.selects && !seesAll ? [select] : []),
    ...(grants.insertColumns.length > 0 ? [insert] : []),
    ...(grants.updateColumns.length > 0 && !seesAll ? [update] : []),
    ...(grants.deletes && !seesAll ? [remove] : []),
  ];
  return verbs.length === 0 ? true : draws.pick(verbs)();

  async function select(): Promise<boolean> {
    const found = await attempt(`select distinct tenant_id from ${table}`);
    if ('code' in found) report('missing', `${where}: a read got ${found.code}`);
    else {
      const foreign = found.rows.filter(({ tenant_id }) => tenant_id !== tenant?.id);
      if (foreign.length > 0) report('leak', `${where}: reads rows of ${show(foreign)}`);
    }
    return false;
  }

  async function insert(): Promise<boolean> {
    const columns = grants.insertColumns.filter(({ name }) => name !== 'tenant_id');
    const names = ['tenant_id', ...columns.map(({ name }) => `"${name}"`)];
    const values = columns.map(({ name, type, isReadable }) =>
      isReadable && grants.selects ? `"${name}"` : (anyValues[type] ?? 'null'),
    );
    const from = grants.selects ? ` from ${table} limit 1` : '';
    const got = await attempt(
      `insert into ${table} (${names}) select $1::text${values.map((value) => `, ${value}`).join('')}${from}`,
      [other?.id],
    );
    // Row-level security comes before every constraint, so any other refusal is one too late.
    const isRefused = 'code' in got ? got.code === '42501' : got.count === 0;
    if (!isRefused) report('leak', `${where}: a row of ${other?.id} was let in: ${show(got)}`);
    return isRefused;
  }

  async function update(): Promise<boolean> {
    // No column is read, so nothing but the policy of this verb decides which rows are touched.
    const change = changes[table] ?? `"${grants.updateColumns[0]?.name}" = default`;
    return touch(`update ${table} set ${change}`);
  }

  async function remove(): Promise<boolean> {
    return touch(`delete from ${table}`);
  }

  async function touch(sql: string): Promise<boolean> {
    const got: Outcome = await attempt(sql);
    if ('code' in got) return true;
    const { rows } = await world.gateway.db.owner.query<{ count: number }>(
      `select count(*)::int as count from ${table} where tenant_id = $1`,
      [tenant?.id],
    );
    const own = rows[0]?.count ?? 0;
    if (got.count > own) report('leak', `${where}: "${sql}" touches ${got.count} rows, and ${own} are its own`);
    if (got.count < own) report('missing', `${where}: "${sql}" touches ${got.count} rows of ${own}`);
    return false;
  }
}
