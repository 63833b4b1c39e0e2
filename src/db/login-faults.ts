import type { ClientBase } from 'pg';
import { readingRoles, type ScopeRole } from './scope.ts';

/** Something about a login that makes row-level security no lock for it. */
export interface LoginFault {
  /** A sentence without its full stop. */
  readonly fault: string;
  /** What mends it, as a sentence. */
  readonly fix: string;
}

/** A role that a login may become, directly or through others. */
interface Membership {
  readonly role: string;
  /** What no policy holds, or what makes such roles: none for most. */
  readonly powers: readonly string[];
  /** Whether the login has its rights without `set role`. */
  readonly inherited: boolean;
  /** What was granted to the login itself and leads there. */
  readonly through: readonly string[];
}

interface LoginRow {
  readonly login: string;
  readonly superuser: boolean;
  readonly powers: readonly string[];
  readonly owner: string | null;
  readonly memberships: readonly Membership[];
}

/** The roles that each login works in, by the role that it must be able to take; it may take no other of Tessera's. */
const rolesOfLogins = {
  tessera_operator: [
    ...readingRoles,
    'tessera_tenant',
    'tessera_admin',
    'tessera_gate',
    'tessera_operator',
    'tessera_sampler',
  ],
  tessera_worker: ['tessera_reader', 'tessera_tenant', 'tessera_worker', 'tessera_exporter'],
} as const satisfies Partial<Record<ScopeRole, readonly ScopeRole[]>>;

/** The role that a login must be able to take, and that tells a gateway's from a worker's. */
export type ServingRole = keyof typeof rolesOfLogins;

/** Roles of Tessera's that no login is given: they own the functions that read past the policies, or attach tables. */
const functionOwners = [
  ...['tessera_keyword', 'tessera_counter', 'tessera_gatekeeper', 'tessera_audience', 'tessera_eraser'],
  ...['tessera_meter', 'tessera_watcher', 'tessera_attacher'],
] as const;

const tesseraRoles: ReadonlySet<string> = new Set([...Object.values(rolesOfLogins).flat(), ...functionOwners]);

/** What makes row-level security no lock; the predefined roles of the last line read and write the server's own files. */
const powersOf = (role: string) => `array_remove(array[
    case when ${role}.rolsuper then 'SUPERUSER' end, case when ${role}.rolbypassrls then 'BYPASSRLS' end,
    case when ${role}.rolcreaterole then 'CREATEROLE' end, case when ${role}.rolreplication then 'REPLICATION' end,
    case when ${role}.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program') then 'the server’s files' end
  ], null)`;

/** Whatever the server's version and however the memberships were granted: `usage` is what a login has without `set role`. */
const loginQuery = `
  select r.rolname::text as login, r.rolsuper as superuser, ${powersOf('r')} as powers,
    (select pg_get_userbyid(c.relowner)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'tessera' and pg_has_role(r.oid, c.relowner, 'member') limit 1) as owner,
    (select coalesce(json_agg(json_build_object('role', s.rolname, 'powers', ${powersOf('s')},
        'inherited', pg_has_role(r.oid, s.oid, 'usage'),
        'through', array(select distinct g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
          where m.member = r.oid and pg_has_role(g.oid, s.oid, 'member') order by 1)) order by s.rolname), '[]')
      from pg_roles s where s.oid <> r.oid and pg_has_role(r.oid, s.oid, 'member')) as memberships
  from pg_roles r where r.rolname = session_user`;

/**
 * What is wrong with the login of a connection as one that serves tenants. A superuser and a role with BYPASSRLS read past
 * every policy, an owner may take the policies away, one that inherits its roles is answered outside a scope, and one that
 * may become any of these is no better.
 * @param role that the login takes for its work.
 */
export async function readLoginFaults(connection: Pick<ClientBase, 'query'>, role: ServingRole): Promise<LoginFault[]> {
  const { rows } = await connection.query<LoginRow>(loginQuery);
  const [row] = rows;
  return row ? loginFaults(row, rolesOfLogins[role]) : [];
}

/**
 * Roles that a login works in and may not take: of one that somebody else made, those that are newer than it is.
 * @param role that the login takes for its work.
 */
export async function readLackingRoles(
  connection: Pick<ClientBase, 'query'>,
  role: ServingRole,
): Promise<readonly { readonly login: string; readonly role: string }[]> {
  const { rows } = await connection.query<{ login: string; role: string }>(
    `select session_user::text as login, rolname::text as role from pg_roles
     where rolname = any($1) and not pg_has_role(session_user, oid, 'member') order by 2`,
    [rolesOfLogins[role]],
  );
  return rows;
}

/** The first and the owner make the rest true, so each is told alone. */
function loginFaults({ login, superuser, powers, owner, memberships }: LoginRow, own: readonly string[]): LoginFault[] {
  const another =
    'Connect as the login that "tessera migrate" created (tessera_gateway, or tessera_worker_login for a worker)';
  if (superuser) {
    const fix = `${another}, or run "alter role ${login} nosuperuser".`;
    return [{ fault: `the login ${login} is a superuser, whom no policy holds`, fix }];
  }
  const faults = powers.map((power) => ({
    fault: `the login ${login} has ${power}, ${consequences[power]}`,
    fix: `${another}, or run "alter role ${login} no${power.toLowerCase()}" as a superuser.`,
  }));
  const revoke = (through: readonly string[]) =>
    `${another}, or run "revoke ${through.join(', ')} from ${login}" as whoever granted it.`;
  for (const { role, powers: theirs, through } of memberships) {
    if (theirs.length === 0 || role === owner) continue;
    const fault = `the login ${login} may become ${role}, who has ${theirs.join(', ')}`;
    faults.push({ fault, fix: revoke(through) });
  }
  if (owner !== null) {
    const how =
      owner === login ? 'owns tables of the schema' : `is a member of ${owner}, who owns tables of the schema`;
    faults.push({ fault: `the login ${login} ${how} and could take the policies away`, fix: `${another}.` });
    return faults;
  }
  const inherited = memberships.filter((one) => one.inherited && one.role.startsWith('tessera_'));
  if (inherited.length > 0) {
    const names = inherited.map(({ role }) => role).join(', ');
    const fix = `${another}, or run "alter role ${login} noinherit" and grant ${names} again "with inherit false".`;
    faults.push({ fault: `the login ${login} inherits ${names}, so it is answered outside a scope`, fix });
  }
  for (const { role, through } of memberships) {
    if (!tesseraRoles.has(role) || own.includes(role)) continue;
    const fault = `the login ${login} may take ${role}, which is not for it`;
    faults.push({ fault, fix: revoke(through) });
  }
  return faults;
}

const consequences: Readonly<Record<string, string>> = {
  BYPASSRLS: 'so no policy holds it',
  CREATEROLE: 'so it could give itself other roles',
  REPLICATION: 'so it could read everything that is written, past every policy',
};
