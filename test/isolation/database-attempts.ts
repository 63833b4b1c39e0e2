import { readingRoles, type ScopeRole } from '../../src/db/scope.ts';
import type { TenantId } from '../../src/ids.ts';
import { type Outcome, tryInScope } from '../support/in-scope.ts';
import { bystanders, insider } from './bystanders.ts';
import type { Databases } from './database-reads.ts';
import type { Draws } from './draws.ts';
import { type Report, show } from './part.ts';
import { ofWorker, type TableGrants } from './tenant-tables.ts';
import type { World } from './world.ts';

/** Tables of which the worker sees rows of every tenant: the queue, what has expired or was deleted, and what is not finished. */
export const workersOwn = [
  'embedding_jobs',
  'source_changes',
  'revoked_tokens',
  'documents',
  'write_outcomes',
  'quota_windows',
  'query_samples',
  'audit_log',
  'tenant_deletions',
];

/** Values of columns that every row can take, by table; of other columns the default is tried. */
const changes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  documents: { status: `'changed'` },
  collections: { language: `'german'` },
  api_keys: { revoked_at: 'now()' },
  revoked_tokens: { expires_at: 'now()' },
  embedding_jobs: { attempts: '9' },
  term_stats: { chunks: '9' },
  corpus_stats: { chunks: '9' },
  chunks: { start_offset: '0', content_hash: `sha256('changed')` },
  embeddings: { stand_in: '(random() * 2e9)::integer' },
};

/** Anything of a column's type, where a role may write it and not read it. */
const anyValues: Readonly<Record<string, string>> = {
  bytea: `sha256('x')`,
  text: `'u:x'`,
  integer: '1',
  uuid: 'gen_random_uuid()',
  'timestamp with time zone': 'now()',
};

/** Values that a role may write and no others, by role and table. */
const onlyValues: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tessera_worker jobs': { kind: `'backfill'` },
  'tessera_tenant write_outcomes': { subject: `current_setting('tessera.subject')` },
};

const isReader = (role: ScopeRole) => (readingRoles as readonly ScopeRole[]).includes(role);

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
  const { table, key, role } = grants;
  const isBystander = draws.chance(0.5);
  const ids: readonly string[] = isBystander ? bystanders : world.tenants.map(({ id }) => id);
  const [tenant = '', other = ''] = draws.chance(0.5) ? ids : ids.toReversed();
  const subject = draws.chance(0.3) ? insider : draws.pick(world.subjects);
  const scope = { role, tenantId: tenant as TenantId, subject, groups: [] };
  const database = ofWorker.includes(role) ? on.worker : on.gateway;
  const attempt = (sql: string, parameters: unknown[] = []) => tryInScope(database, scope, sql, parameters);
  const seesAll = role === 'tessera_worker' && workersOwn.includes(table);
  const where = `${role} of ${tenant} on ${table}`;

  const verbs = [
    ...(grants.selects && !seesAll ? [select] : []),
    ...(grants.insertColumns.length > 0 ? [insert] : []),
    ...(grants.updateColumns.length > 0 && !seesAll ? [update] : []),
    // Of jobs it deletes those that are a month old, of which there is none.
    ...(grants.deletes && !seesAll && !(role === 'tessera_worker' && table === 'jobs') ? [remove] : []),
  ];
  return verbs.length === 0 ? true : draws.pick(verbs)();

  async function select(): Promise<boolean> {
    const found = await attempt(`select distinct ${key} as tenant from ${table}`);
    if ('code' in found) {
      report('missing', `${where}: a read got ${found.code}`);
      return true;
    }
    const strangers = found.rows.filter((row) => row.tenant !== tenant);
    if (strangers.length > 0) report('leak', `${where}: reads rows of ${show(strangers)}`);
    if (!isBystander) return false;
    const isListed = grants.isListed && isReader(role) && (tenant === bystanders[0] || table === 'audiences');
    // What came of a write is its sender's, whoever may write besides.
    const isHidden = (isListed || table === 'write_outcomes') && subject !== insider;
    if (isHidden && found.count > 0) report('leak', `${where}: ${subject} reads what is hidden`);
    if (!isHidden && found.count === 0) report('missing', `${where}: ${subject} reads nothing`);
    return false;
  }

  async function insert(): Promise<boolean> {
    const into = draws.chance(0.3) ? tenant : other;
    const columns = grants.insertColumns.filter(({ name }) => name !== key);
    const names = [key, ...columns.map(({ name }) => `"${name}"`)];
    const values = columns.map(
      ({ name, type, isReadable }) =>
        onlyValues[`${role} ${table}`]?.[name] ??
        (isReadable && grants.selects ? `own."${name}"` : (anyValues[type] ?? 'null')),
    );
    // As like a row of one's own as can be; all null where there is none.
    const from = grants.selects ? ` left join (select * from ${table} limit 1) own on true` : '';
    const readable = columns.filter(({ isReadable }) => isReadable).map(({ name }) => `"${name}"`);
    const got = await attempt(
      `insert into ${table} (${names}) select $1::text${values.map((value) => `, ${value}`).join('')}
       from (select) nothing${from.replace('*', readable.join(', ') || '1')}`,
      [into],
    );
    const isOwn = into === tenant;
    // Row-level security comes before every constraint, so any other refusal is one too late.
    const isRefused = 'code' in got && got.code === '42501';
    if (!isRefused && !isOwn) report('leak', `${where}: a row of ${into} was let in: ${show(got)}`);
    if (isRefused && isOwn) report('missing', `${where}: a row of its own was refused`);
    return isRefused;
  }

  async function update(): Promise<boolean> {
    // No column is read, so nothing but the policy of this verb decides which rows are touched.
    const columns = grants.updateColumns.map(({ name }) => name);
    const column = columns.find((name) => changes[table]?.[name] !== undefined) ?? columns[0];
    return touch(`update ${table} set "${column}" = ${changes[table]?.[column ?? ''] ?? 'default'}`);
  }

  async function remove(): Promise<boolean> {
    return touch(`delete from ${table}`);
  }

  async function touch(sql: string): Promise<boolean> {
    const counted = grants.selects ? await attempt(`select ${key} from ${table}`) : undefined;
    const got: Outcome = await attempt(sql);
    if ('code' in got) {
      report('other', `${where}: "${sql}" got ${got.code}; is there a change that every row can take?`);
      return true;
    }
    if (counted === undefined || 'code' in counted) return false;
    const own = counted.count;
    if (got.count > own) report('leak', `${where}: "${sql}" touches ${got.count} rows, and ${own} are its own`);
    if (got.count < own) report('missing', `${where}: "${sql}" touches ${got.count} rows of ${own}`);
    return false;
  }
}
