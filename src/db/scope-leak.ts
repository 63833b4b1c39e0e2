import { parseTenantId } from '../ids.ts';
import type { Database } from './database.ts';
import type { LoginFault } from './login-faults.ts';
import { type ScopeRole, scopeStatement } from './scope.ts';

/** No tenant need have this id: nothing is read. */
const probe = parseTenantId('tessera-scope-probe');

interface Settings {
  readonly role: string;
  readonly login: string;
  readonly tenant: string | null;
}

const settingsQuery = `select current_user::text as role, session_user::text as login,
  nullif(current_setting('tessera.tenant_id', true), '') as tenant`;

/**
 * Opens a scope and closes it, twice on one connection, and looks what is left of it: what one caller was allowed must not
 * reach the next. It finds settings that a login or a database has by itself, and poolers that keep no transaction together.
 */
export async function readScopeLeaks(
  { pool, scopeDefaults }: Pick<Database, 'pool' | 'scopeDefaults'>,
  role: ScopeRole,
): Promise<LoginFault[]> {
  const client = await pool.connect();
  const read = async () => {
    const { rows } = await client.query<Settings>(settingsQuery);
    return rows[0] as Settings;
  };
  let broken = true;
  try {
    const faults: LoginFault[] = [];
    for (const end of ['commit', 'rollback']) {
      await client.query(`begin read only; ${scopeStatement({ role, tenantId: probe }, scopeDefaults)}`);
      const inside = await read();
      await client.query(end);
      faults.push(...scopeLeaks(inside, await read(), end));
    }
    broken = false;
    return faults.filter(({ fault }, index) => faults.findIndex((one) => one.fault === fault) === index);
  } finally {
    client.release(broken);
  }
}

function scopeLeaks(inside: Settings, outside: Settings, end: string): LoginFault[] {
  const { role, login, tenant } = outside;
  const resets = (name: string) =>
    `Run "alter role ${login} reset ${name}" and "alter database ... reset ${name}" (\\drds in psql lists them), and pool transactions, not statements.`;
  const faults: LoginFault[] = [];
  if (inside.tenant !== probe || inside.role === inside.login) {
    faults.push({
      fault: 'a scope does not hold for its transaction: the connection is shared in the middle of it',
      fix: 'Set the pooler between the gateway and PostgreSQL to pool transactions or sessions, not statements.',
    });
  }
  if (tenant !== null) {
    const fault =
      tenant === probe
        ? `a scope outlives its transaction: after "${end}" the connection still has its tenant`
        : 'every connection has a tenant before a scope gives it one (tessera.tenant_id is set for the login or the database)';
    faults.push({ fault, fix: resets('tessera.tenant_id') });
  }
  if (role !== login) {
    faults.push({ fault: `after "${end}" the connection still works as ${role}`, fix: resets('role') });
  }
  return faults;
}
