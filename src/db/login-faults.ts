import type { ClientBase } from 'pg';

/** Something about a login that makes row-level security no lock for it. */
export interface LoginFault {
  /** A sentence without its full stop. */
  readonly fault: string;
  /** What mends it, as a sentence. */
  readonly fix: string;
}

interface LoginRow {
  readonly login: string;
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly owner: string | null;
  readonly inherited: readonly string[];
}

/** Whatever the server's version and however the memberships were granted: `usage` is what a login has without `set role`. */
const loginQuery = `
  select r.rolname::text as login, r.rolsuper as superuser, r.rolbypassrls as bypasses,
    (select pg_get_userbyid(c.relowner)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'tessera' and pg_has_role(r.oid, c.relowner, 'member') limit 1) as owner,
    array(select s.rolname::text from pg_roles s
      where s.rolname in ('tessera_reader', 'tessera_tenant', 'tessera_admin', 'tessera_gate', 'tessera_worker', 'tessera_operator', 'tessera_exporter') and pg_has_role(r.oid, s.oid, 'usage')
      order by 1) as inherited
  from pg_roles r where r.rolname = session_user`;

/**
 * What is wrong with the login of a connection as one that serves tenants. A superuser and a role with BYPASSRLS read past
 * every policy, an owner may take the policies away, and one that inherits its roles is answered outside a scope.
 */
export async function readLoginFaults(connection: Pick<ClientBase, 'query'>): Promise<LoginFault[]> {
  const { rows } = await connection.query<LoginRow>(loginQuery);
  const [row] = rows;
  return row ? loginFaults(row) : [];
}

/** The first three make each other and the rest true, so the worst one is told alone. */
function loginFaults({ login, superuser, bypasses, owner, inherited }: LoginRow): LoginFault[] {
  const another =
    'Connect as the login that "tessera migrate" created (tessera_gateway, or tessera_worker_login for a worker)';
  if (superuser) {
    const fix = `${another}, or run "alter role ${login} nosuperuser".`;
    return [{ fault: `the login ${login} is a superuser, whom no policy holds`, fix }];
  }
  const faults: LoginFault[] = [];
  if (bypasses) {
    const fix = `${another}, or run "alter role ${login} nobypassrls" as a superuser.`;
    faults.push({ fault: `the login ${login} has BYPASSRLS, so no policy holds it`, fix });
  }
  if (owner !== null) {
    const how =
      owner === login ? 'owns tables of the schema' : `is a member of ${owner}, who owns tables of the schema`;
    faults.push({ fault: `the login ${login} ${how} and could take the policies away`, fix: `${another}.` });
  }
  if (inherited.length > 0 && owner === null) {
    const fix = `${another}, or run "alter role ${login} noinherit" and grant ${inherited.join(', ')} again "with inherit false".`;
    faults.push({
      fault: `the login ${login} inherits ${inherited.join(', ')}, so it is answered outside a scope`,
      fix,
    });
  }
  return faults;
}
