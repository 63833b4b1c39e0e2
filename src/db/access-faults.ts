import type { ClientBase } from 'pg';
import { readingRoles } from './scope.ts';

/** A hole in the protection of the schema. */
export interface AccessFault {
  readonly kind: AccessFaultKind;
  /** What it is, beginning with what has it: `documents: row-level security is off`. */
  readonly fault: string;
}

export type AccessFaultKind = keyof typeof faultQueries;

/**
 * Every way in which the schema's protection has a hole; none means that the lock holds as far as a catalog can tell. Each
 * query selects one kind of fault. Takes some 15 ms.
 * @param connection in a role that may use the schema.
 */
export async function readAccessFaults(connection: Pick<ClientBase, 'query'>): Promise<AccessFault[]> {
  const kinds = Object.entries(faultQueries).map(
    ([kind, query]) => `select '${kind}' as kind, q.fault from (${query}) q (fault)`,
  );
  const { rows } = await connection.query<AccessFault>(`with ${facts} ${kinds.join('\nunion all\n')} order by fault`);
  return rows;
}

/** Shortcomings of the schema's design that open nothing by themselves: a reason to look, not a reason not to serve. */
const designFaults: ReadonlySet<AccessFaultKind> = new Set([
  'keyWithoutTenant',
  'noPrimaryKey',
  'referenceWithoutTenant',
  'policyWithoutGrant',
]);

/** True for a fault with which nobody should be served. */
export function isHole({ kind }: AccessFault): boolean {
  return !designFaults.has(kind);
}

/** What mends a fault, as a sentence. */
export function accessFix({ kind, fault }: AccessFault): string {
  const [subject = ''] = fault.split(/: | owns | is /, 1);
  const fix = fixes[kind];
  return fix
    ? fix(subject)
    : 'Take back by hand what was changed outside "tessera migrate", as the owner of the schema.';
}

const fixes: Partial<Record<AccessFaultKind, (subject: string) => string>> = {
  unlocked: (table) => `Run "alter table tessera.${table} enable row level security" as the owner of the schema.`,
  unforced: (table) => `Run "alter table tessera.${table} force row level security" as the owner of the schema.`,
  openGrant: (table) => `Run "revoke all on tessera.${table} from public" as the owner of the schema.`,
  grantWithoutPolicy: (table) =>
    `Create the policies of tessera.${table} again as the file in migrations/ that creates the table has them.`,
  listBlindPolicy: (table) =>
    `Drop the policy and create those of tessera.${table} again as the file in migrations/ that has its access lists does.`,
  tenantBlindPolicy: (table) =>
    `Drop the policy and create those of tessera.${table} again as the file in migrations/ that creates the table has them.`,
  unpinned: (name) => `Run "alter function tessera.${name} set search_path = pg_catalog, pg_temp" as its owner.`,
  openFunction: (name) => `Run "revoke all on function tessera.${name} from public" as its owner.`,
  unguarded: () => 'Run "select tessera.guard_tenant_tables()" as the owner of the schema.',
  owningLogin: (login) => `Run "reassign owned by ${login} to" the owner of the schema, as a superuser.`,
  mightyRole: (role) =>
    `Run "alter role ${role} nosuperuser nobypassrls nocreaterole nocreatedb noreplication noinherit" as a superuser.`,
};

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/**
 * What a token with one of `search` and `documents:read`, or with neither, does not open, as rows of role, table and column; null
 * stands for every column.
 */
const closed = [
  ...[`('tessera_searcher', 'documents', 'body')`, `('tessera_author', 'documents', 'body')`],
  ...['tessera_searcher', 'tessera_author', 'tessera_caller'].flatMap((role) =>
    ['collections', 'source_changes', 'unembeddable_chunks'].map((table) => `('${role}', '${table}', null)`),
  ),
  ...['tessera_lister', 'tessera_author', 'tessera_caller'].flatMap((role) => [
    ...['embeddings', 'term_stats', 'corpus_stats'].map((table) => `('${role}', '${table}', null)`),
    ...['context', 'text', 'tsv', 'terms'].map((column) => `('${role}', 'chunks', '${column}')`),
  ]),
  ...['documents', 'chunks', 'embedding_jobs', 'jobs'].map((table) => `('tessera_caller', '${table}', null)`),
].join(', ');

/** Grants and policies of the schema, one row for each table, role and verb; a column's grant counts as its table's. */
const facts = `
  tables as (
    select c.oid, c.relname as name, c.relowner as owner, c.relacl as acl, c.relrowsecurity as enabled,
      c.relforcerowsecurity as forced,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as of_tenant,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'audience') as of_audience
    from pg_class c
    where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p')
  ), acls as (
    select t.name, t.owner, i.grantee, lower(i.privilege_type) as verb
    from tables t, aclexplode(t.acl) i
    union
    select t.name, t.owner, i.grantee, lower(i.privilege_type)
    from tables t
    join pg_attribute a on a.attrelid = t.oid, aclexplode(a.attacl) i
  ), grants as (
    select name, grantee, verb from acls where grantee <> owner
  ), policies as (
    select t.name, p.polname, role.oid as grantee, verb.name as verb, t.of_tenant, t.of_audience, p.polpermissive,
      coalesce(pg_get_expr(p.polqual, p.polrelid), '') as qual,
      coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as with_check
    from tables t
    join pg_policy p on p.polrelid = t.oid,
      unnest(p.polroles) role (oid),
      lateral (
        select v.name from (values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete')) v (letter, name)
        where p.polcmd in (v.letter, '*')
      ) verb
    where role.oid <> t.owner
  ), logins as (
    -- Whoever is connected, too, whatever it is called: in tests of the catalog a superuser is.
    select oid, rolname from pg_roles
    where rolname in ('tessera_gateway', 'tessera_worker_login') or rolname = session_user and not rolsuper
  ), readers as (
    select oid, rolname from pg_roles where rolname in (${quoted(readingRoles)})
  )`;

/** Tables of a tenant are told by their column `tenant_id`; `models` is the one reference table they may point at. */
const faultQueries = {
  unlocked: `select format('%s: row-level security is off', name) as fault from tables where not enabled`,
  unforced: `select format('%s: row-level security is not forced', name) from tables where not forced`,
  openGrant: `select format('%s: %s is granted to everybody', name, verb) from grants where grantee = 0`,
  wideGrant: `select format('%s: %s is granted to %s', name, verb, grantee::regrole) from grants
    where verb not in ('select', 'insert', 'update', 'delete') and grantee <> 0`,
  grantWithoutPolicy: `select format('%s: %s is granted to %s and has no policy', g.name, g.verb, g.grantee::regrole)
    from grants g
    where grantee <> 0 and verb in ('select', 'insert', 'update', 'delete') and not exists (
      select from policies p where p.name = g.name and p.verb = g.verb and p.grantee in (g.grantee, 0))`,
  policyWithoutGrant: `select format('%s: policy %s lets %s %s and that is not granted', p.name, p.polname,
      case p.grantee when 0 then 'everybody' else p.grantee::regrole::text end, p.verb)
    from policies p
    where not exists (
      select from grants g where g.name = p.name and g.verb = p.verb and p.grantee in (g.grantee, 0))`,
  // Of several roles that one policy lets, the first is named.
  tenantBlindPolicy: `select format('%s: policy %s lets %s %s whatever the tenant', name, polname, (array_agg(role order by place))[1], verb)
    from policies,
      unnest(array[${quoted(['tessera_tenant', 'tessera_admin', ...readingRoles])}]) with ordinality r (role, place)
    where (of_tenant or name = 'tenants') and grantee in (0, role::regrole)
      and (verb <> 'insert' and qual !~ 'current_tenant' or verb in ('insert', 'update') and with_check !~ 'current_tenant')
    group by name, polname, verb`,
  listBlindPolicy: `select format('%s: policy %s lets %s select whatever the access list', name, polname, (array_agg(role order by place))[1])
    from policies, unnest(array[${quoted(readingRoles)}]) with ordinality r (role, place)
    where of_audience and grantee in (0, role::regrole) and verb = 'select' and qual !~ 'permitted_audiences'
    group by name, polname`,
  writingReader: `select format('%s: %s is granted to %s', g.name, g.verb, r.rolname)
    from grants g join readers r on r.oid = g.grantee where g.verb <> 'select'`,
  wideReader: `select format('%s: select of %s is granted to %s', c.name, coalesce(c.of_column, 'it'), c.of_role)
    from (values ${closed}) c (of_role, name, of_column)
    join readers r on r.rolname = c.of_role
    join tables t on t.name = c.name
    where has_table_privilege(r.oid, t.oid, 'select') or case when c.of_column is null
      then has_any_column_privilege(r.oid, t.oid, 'select') else has_column_privilege(r.oid, t.oid, c.of_column, 'select') end`,
  blindReader: `select format('%s: select is granted to tessera_tenant and not to tessera_reader', name) from grants g
    where grantee = 'tessera_tenant'::regrole and verb = 'select' and not exists (
      select from grants r where r.name = g.name and r.verb = 'select' and r.grantee = 'tessera_reader'::regrole)`,
  gateOnTable: `select format('%s: %s is granted to tessera_gate', name, verb) from grants where grantee = 'tessera_gate'::regrole`,
  view: `select format('%s: a view reads with its owner''s rights', relname) from pg_class
    where relnamespace = 'tessera'::regnamespace and relkind in ('v', 'm')
      and not coalesce(reloptions @> '{security_invoker=true}', false)`,
  unpinned: `select format('%s: runs with its owner''s rights and no pinned search_path', oid::regprocedure) from pg_proc
    where pronamespace = 'tessera'::regnamespace and prosecdef
      and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)`,
  openFunction: `select format('%s: runs with its owner''s rights for everybody', oid::regprocedure) from pg_proc
    where pronamespace = 'tessera'::regnamespace and prosecdef
      and (proacl is null or exists (select from aclexplode(proacl) where grantee = 0))`,
  mightyFunction: `select format('%s: runs with the rights of %s', p.oid::regprocedure, r.rolname)
    from pg_proc p join pg_roles r on r.oid = p.proowner
    where p.pronamespace = 'tessera'::regnamespace and p.prosecdef
      and (r.rolsuper or r.rolbypassrls or r.rolcanlogin or exists (select from logins l where pg_has_role(l.oid, r.oid, 'member')))`,
  owningLogin: `select format('%s owns something in this database', l.rolname) from logins l
    where exists (
      select from pg_shdepend d
      where d.refclassid = 'pg_authid'::regclass and d.refobjid = l.oid and d.deptype = 'o'
        and (d.dbid = 0 or d.dbid = (select oid from pg_database where datname = current_database())))`,
  mightyRole: `select format('%s is %s', rolname, concat_ws(', ',
      case when rolsuper then 'a superuser' end, case when rolbypassrls then 'past every policy' end,
      case when rolcreaterole or rolcreatedb or rolreplication then 'allowed to create' end,
      case when rolinherit then 'inheriting' end))
    from pg_roles
    where rolname in (${quoted(readingRoles)}, 'tessera_gateway', 'tessera_worker_login', 'tessera_tenant', 'tessera_admin', 'tessera_gate', 'tessera_worker', 'tessera_operator', 'tessera_keyword', 'tessera_counter', 'tessera_gatekeeper', 'tessera_audience', 'tessera_eraser', 'tessera_exporter', 'tessera_sampler', 'tessera_meter', 'tessera_watcher', 'tessera_attacher')
      and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolinherit)`,
  loginGrant: `select format('%s: granted to a login', name) from grants where grantee in (select oid from logins)`,
  loginOnSchema: `select format('schema tessera: granted to %s', case grantee when 0 then 'everybody' else grantee::regrole::text end)
    from pg_namespace, aclexplode(nspacl)
    where nspname = 'tessera' and (grantee = 0 or grantee in (select oid from logins) or privilege_type = 'CREATE' and grantee <> nspowner)`,
  keyWithoutTenant: `select format('%s: unique index %s does not begin with tenant_id', t.name, i.indexrelid::regclass)
    from tables t
    join pg_index i on i.indrelid = t.oid and i.indisunique
    left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
    where t.of_tenant and a.attname is distinct from 'tenant_id'`,
  unguarded: `select format('%s: the lifecycle of tenants does not know it', name) from tables t
    where of_tenant and name <> 'tenant_deletions' and not (
      exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgname = 'tenant_is_active' and g.tgenabled in ('O', 'A'))
      and 2 = (select count(*) from policies p where p.name = t.name and p.grantee = to_regrole('tessera_eraser') and p.qual = 'true'))`,
  noPrimaryKey: `select format('%s: has no primary key', name) from tables t
    where not exists (select from pg_index where indrelid = t.oid and indisprimary)`,
  referenceWithoutTenant: `select format('%s: foreign key %s does not begin with tenant_id', t.name, c.conname)
    from tables t
    join pg_constraint c on c.conrelid = t.oid and c.contype = 'f' and c.confrelid <> 'tessera.models'::regclass
    join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
    join pg_attribute f on f.attrelid = c.confrelid and f.attnum = c.confkey[1]
    where t.of_tenant and (
      a.attname <> 'tenant_id' or f.attname <> case when c.confrelid = 'tessera.tenants'::regclass then 'id' else 'tenant_id' end)`,
};
