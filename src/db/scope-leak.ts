import { newApiKeyId, parseTenantId } from '../ids.ts';
import type { Database } from './database.ts';
import type { LoginFault } from './login-faults.ts';
import { type Scope, type ScopeRole, scopeStatement } from './scope.ts';

/** No tenant need have this id: nothing is read. */
const probe = parseTenantId('tessera-scope-probe');

/** A scope with everything that one can have. */
const probeScope = {
  tenantId: probe,
  subject: probe,
  groups: [probe],
  actor: { requestId: probe, keyId: newApiKeyId(), tokenId: probe },
  settings: { 'hnsw.ef_search': 77, 'hnsw.max_scan_tuples': 7_777 },
} satisfies Omit<Scope, 'role'>;

/** What a scope alone gives: nothing outside of one has a value of it. */
const ownSettings = new Map([
  ['tessera.tenant_id', 'a tenant'],
  ['tessera.subject', 'a subject'],
  ['tessera.groups', 'groups'],
  ['tessera.request_id', 'a request id'],
  ['tessera.key_id', "a key's id"],
  ['tessera.token_id', "a token's id"],
]);

interface Settings {
  readonly role: string;
  readonly login: string;
  /** By name; empty where there is none. */
  readonly values: Readonly<Record<string, string>>;
}

/** Reads every setting that the statement sets. */
function settingsQuery(opening: string): string {
  const names = [...opening.matchAll(/set local ([\w.]+) =/g)].map(([, name]) => `'${name}'`);
  return `select current_user::text as role, session_user::text as login,
    (select json_object_agg(name, coalesce(current_setting(name, true), '')) from unnest(array[${names.join(', ')}]) name) as values`;
}

/**
 * Opens a scope and closes it, twice on one connection, and looks what is left of it, setting by setting: what one caller was
 * allowed must not reach the next. It finds settings that a login or a database has by itself, and poolers that keep no transaction together.
 */
export async function readScopeLeaks(
  { pool, scopeDefaults }: Pick<Database, 'pool' | 'scopeDefaults'>,
  role: ScopeRole,
): Promise<LoginFault[]> {
  const client = await pool.connect();
  const opening = scopeStatement({ ...probeScope, role }, scopeDefaults);
  const query = settingsQuery(opening);
  const read = async () => {
    const { rows } = await client.query<Settings>(query);
    return rows[0] as Settings;
  };
  let broken = true;
  try {
    const faults: LoginFault[] = [];
    const before = await read();
    for (const end of ['commit', 'rollback']) {
      await client.query(`begin read only; ${opening}`);
      const inside = await read();
      await client.query(end);
      faults.push(...scopeLeaks({ before, inside, outside: await read() }, end));
    }
    broken = false;
    return faults.filter(({ fault }, index) => faults.findIndex((one) => one.fault === fault) === index);
  } finally {
    client.release(broken);
  }
}

const passOn =
  'Let the pooler between the gateway and PostgreSQL pool transactions or sessions, and pass "set local" on as it is.';

function scopeLeaks(
  { before, inside, outside }: Readonly<Record<'before' | 'inside' | 'outside', Settings>>,
  end: string,
): LoginFault[] {
  const { role, login } = outside;
  const resets = (name: string) =>
    `Run "alter role ${login} reset ${name}" and "alter database ... reset ${name}" (\\drds in psql lists them), and pool transactions, not statements.`;
  const faults: LoginFault[] = [];
  if (inside.values['tessera.tenant_id'] !== probe || inside.role === inside.login) {
    faults.push({
      fault: 'a scope does not hold for its transaction: the connection is shared in the middle of it',
      fix: 'Set the pooler between the gateway and PostgreSQL to pool transactions or sessions, not statements.',
    });
  }
  const left = Object.keys(outside.values).filter(
    (name) => outside.values[name] === inside.values[name] && outside.values[name] !== before.values[name],
  );
  if (left.length > 0) {
    const fault = `a scope outlives its transaction: after "${end}" the connection still has its ${left.join(', ')}`;
    faults.push({ fault, fix: left.length === 1 ? resets(left[0] as string) : passOn });
  }
  for (const [name, what] of ownSettings) {
    if (outside.values[name] === '' || left.includes(name)) continue;
    const fault = `every connection has ${what} before a scope gives it one (${name} is set for the login or the database)`;
    faults.push({ fault, fix: resets(name) });
  }
  if (role !== login) {
    faults.push({ fault: `after "${end}" the connection still works as ${role}`, fix: resets('role') });
  }
  return faults;
}
