import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAccessFaults } from '../../src/db/access-faults.ts';
import { catalog } from '../../src/db/catalog.ts';
import { openTestDatabase, type Superuser, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

describe('the catalog', () => {
  test('of the program is the catalog of the database: tables, columns, types, nulls, defaults and generated columns', async () => {
    expect(await readCatalog(db.owner)).toEqual(catalog);
  });

  test('has its comparison notice a column that is added, one that may be null, and one without its default', async () => {
    const found = await db.whatIf(async (superuser) => {
      await superuser.query('alter table documents add extra text');
      await superuser.query('alter table chunks alter context drop not null');
      await superuser.query('alter table tenants alter name drop default');
      return readCatalog(superuser);
    });
    expect(found.documents).toEqual({ ...catalog.documents, extra: 'text null' });
    expect(found.chunks?.context).toBe('text null');
    expect(found.tenants?.name).toBe('text');
  });
});

describe('the lock', () => {
  test('has no hole that the database’s catalog shows', async () => {
    expect(await accessFaults(db.owner)).toEqual([]);
  });

  test('gives each login the roles it works in, and none by inheritance or to pass on', async () => {
    const { rows } = await db.owner.query(
      `select m.rolname as login, r.rolname as role, a.inherit_option as inherits, a.admin_option as passes_on
       from pg_auth_members a
       join pg_roles r on r.oid = a.roleid
       join pg_roles m on m.oid = a.member
       where m.rolname in ('tessera_gateway', 'tessera_worker_login')
       group by 1, 2, 3, 4 order by 1, 2`,
    );
    const own = { inherits: false, passes_on: false };
    expect(rows).toEqual([
      { login: 'tessera_gateway', role: 'tessera_admin', ...own },
      { login: 'tessera_gateway', role: 'tessera_author', ...own },
      { login: 'tessera_gateway', role: 'tessera_caller', ...own },
      { login: 'tessera_gateway', role: 'tessera_gate', ...own },
      { login: 'tessera_gateway', role: 'tessera_lister', ...own },
      { login: 'tessera_gateway', role: 'tessera_operator', ...own },
      { login: 'tessera_gateway', role: 'tessera_reader', ...own },
      { login: 'tessera_gateway', role: 'tessera_sampler', ...own },
      { login: 'tessera_gateway', role: 'tessera_searcher', ...own },
      { login: 'tessera_gateway', role: 'tessera_tenant', ...own },
      { login: 'tessera_worker_login', role: 'tessera_exporter', ...own },
      { login: 'tessera_worker_login', role: 'tessera_reader', ...own },
      { login: 'tessera_worker_login', role: 'tessera_tenant', ...own },
      { login: 'tessera_worker_login', role: 'tessera_worker', ...own },
    ]);
  });

  test('leaves the roles that the logins take without a membership that leads on', async () => {
    const { rows } = await db.owner.query(
      `select m.rolname as member, r.rolname as role
       from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
       where m.rolname in ('tessera_reader', 'tessera_searcher', 'tessera_lister', 'tessera_author', 'tessera_caller', 'tessera_tenant', 'tessera_admin', 'tessera_gate', 'tessera_worker', 'tessera_operator', 'tessera_keyword', 'tessera_counter', 'tessera_gatekeeper', 'tessera_audience', 'tessera_eraser', 'tessera_exporter', 'tessera_sampler', 'tessera_meter', 'tessera_watcher', 'tessera_attacher')`,
    );
    expect(rows).toEqual([]);
  });

  test('lets twenty-one functions read past the policies, each for the roles that need it', async () => {
    const { rows } = await db.owner.query(
      `select p.proname as name, pg_get_userbyid(p.proowner) as owner, array_agg(i.grantee::regrole::text order by i.grantee::regrole::text) as callers
       from pg_proc p, aclexplode(p.proacl) i
       where p.pronamespace = 'tessera'::regnamespace and p.prosecdef and i.grantee <> p.proowner
       group by p.oid order by 1`,
    );
    expect(rows).toEqual([
      { name: 'embedding_counts', owner: 'tessera_counter', callers: ['tessera_operator'] },
      { name: 'erase_tenant', owner: 'tessera_eraser', callers: ['tessera_worker'] },
      { name: 'find_api_keys', owner: 'tessera_gatekeeper', callers: ['tessera_gate'] },
      { name: 'has_access_lists', owner: 'tessera_audience', callers: ['tessera_reader', 'tessera_searcher'] },
      { name: 'job_outbox', owner: 'tessera_counter', callers: ['tessera_author', 'tessera_lister', 'tessera_reader'] },
      {
        name: 'keyword_best',
        owner: 'tessera_keyword',
        callers: ['tessera_reader', 'tessera_searcher', 'tessera_tenant'],
      },
      {
        name: 'keyword_matches',
        owner: 'tessera_keyword',
        callers: ['tessera_reader', 'tessera_searcher', 'tessera_tenant'],
      },
      { name: 'model_counts', owner: 'tessera_counter', callers: ['tessera_operator'] },
      { name: 'models_in_use', owner: 'tessera_counter', callers: ['tessera_operator', 'tessera_worker'] },
      { name: 'note_key_use', owner: 'tessera_gatekeeper', callers: ['tessera_gate'] },
      { name: 'note_source_change', owner: 'tessera_watcher', callers: ['tessera_attacher'] },
      { name: 'note_source_fault', owner: 'tessera_watcher', callers: ['tessera_attacher'] },
      { name: 'note_source_row', owner: 'tessera_watcher', callers: ['tessera_attacher'] },
      {
        name: 'permitted_audiences',
        owner: 'tessera_audience',
        callers: ['tessera_author', 'tessera_keyword', 'tessera_lister', 'tessera_reader', 'tessera_searcher'],
      },
      { name: 'quota_limits_since', owner: 'tessera_meter', callers: ['tessera_gate'] },
      { name: 'revocations_since', owner: 'tessera_gatekeeper', callers: ['tessera_gate'] },
      { name: 'storage_limits', owner: 'tessera_meter', callers: ['tessera_tenant'] },
      { name: 'take_quota', owner: 'tessera_meter', callers: ['tessera_gate', 'tessera_tenant'] },
      {
        name: 'tenant_languages',
        owner: 'tessera_keyword',
        callers: ['tessera_reader', 'tessera_searcher', 'tessera_tenant'],
      },
      { name: 'tenant_sizes', owner: 'tessera_counter', callers: ['tessera_operator'] },
      { name: 'token_is_revoked', owner: 'tessera_gatekeeper', callers: ['tessera_gate'] },
    ]);
  });
});

describe('the secrets of API keys', () => {
  test('are to be read by the gatekeeper alone, whose function the gate alone may call', async () => {
    const { rows } = await db.owner.query(
      `select r.rolname as role from pg_roles r
       where r.rolname like 'tessera\\_%' and r.rolname <> 'tessera_owner'
         and has_column_privilege(r.oid, 'tessera.api_keys', 'secret_hash', 'select')`,
    );
    expect(rows).toEqual([{ role: 'tessera_gatekeeper' }]);
  });
});

describe('the search for holes', () => {
  // A hole that is made, and what the search says about it. Roles belong to the server, so none is changed here.
  const holes: [string, string][] = [
    ['drop policy tenant_reads on chunks', 'chunks: select is granted to tessera_tenant and has no policy'],
    ['drop policy tenant_inserts on documents', 'documents: insert is granted to tessera_tenant and has no policy'],
    ['drop policy worker_deletes on term_stats', 'term_stats: delete is granted to tessera_worker and has no policy'],
    ['alter table embeddings disable row level security', 'embeddings: row-level security is off'],
    ['alter table documents no force row level security', 'documents: row-level security is not forced'],
    [
      'alter policy tenant_reads on documents using (true)',
      'documents: policy tenant_reads lets tessera_tenant select whatever the tenant',
    ],
    [
      'alter policy tenant_updates on documents with check (true)',
      'documents: policy tenant_updates lets tessera_tenant update whatever the tenant',
    ],
    [
      'create policy everybody on term_stats for select using (true)',
      'term_stats: policy everybody lets tessera_tenant select whatever the tenant',
    ],
    [
      'alter policy reader_reads on chunks using (tenant_id = current_tenant())',
      'chunks: policy reader_reads lets tessera_reader select whatever the access list',
    ],
    [
      'alter policy tenant_reads on embeddings to tessera_tenant, tessera_worker, tessera_reader',
      'embeddings: policy tenant_reads lets tessera_reader select whatever the access list',
    ],
    ['grant insert on documents to tessera_reader', 'documents: insert is granted to tessera_reader'],
    ['grant delete on chunks to tessera_searcher', 'chunks: delete is granted to tessera_searcher'],
    ['grant select on documents to tessera_searcher', 'documents: select of body is granted to tessera_searcher'],
    ['grant select (body) on documents to tessera_author', 'documents: select of body is granted to tessera_author'],
    ['grant select (terms) on chunks to tessera_lister', 'chunks: select of terms is granted to tessera_lister'],
    ['grant select (coarse) on embeddings to tessera_lister', 'embeddings: select of it is granted to tessera_lister'],
    ['grant select (id) on documents to tessera_caller', 'documents: select of it is granted to tessera_caller'],
    [
      'alter policy tenant_reads_itself on tenants using (true)',
      'tenants: policy tenant_reads_itself lets tessera_tenant select whatever the tenant',
    ],
    [
      'revoke select on documents from tessera_reader',
      'documents: select is granted to tessera_tenant and not to tessera_reader',
    ],
    ['grant select on api_keys to tessera_gate', 'api_keys: select is granted to tessera_gate'],
    [
      'alter policy admin_reads on api_keys using (true)',
      'api_keys: policy admin_reads lets tessera_admin select whatever the tenant',
    ],
    ['grant select on documents to public', 'documents: select is granted to everybody'],
    ['grant select on documents to tessera_gateway', 'documents: granted to a login'],
    ['grant truncate on documents to tessera_tenant', 'documents: truncate is granted to tessera_tenant'],
    [
      'grant select (body) on documents to tessera_operator',
      'documents: select is granted to tessera_operator and has no policy',
    ],
    [
      'revoke delete on chunks from tessera_tenant',
      'chunks: policy tenant_deletes lets tessera_tenant delete and that is not granted',
    ],
    ['create table secrets (tenant_id text primary key)', 'secrets: row-level security is off'],
    [
      'create table notes (tenant_id text, id uuid primary key)',
      'notes: unique index notes_pkey does not begin with tenant_id',
    ],
    ['create table notes (tenant_id text, id uuid)', 'notes: has no primary key'],
    [
      'create unique index leak on documents (external_id)',
      'documents: unique index leak does not begin with tenant_id',
    ],
    [
      'create unique index leak on documents (lower(tenant_id), id)',
      'documents: unique index leak does not begin with tenant_id',
    ],
    [
      'create table l (tenant_id text, d uuid, primary key (tenant_id, d), foreign key (d, tenant_id) references documents (id, tenant_id))',
      'l: foreign key l_d_tenant_id_fkey does not begin with tenant_id',
    ],
    ['create view peek as select * from documents', "peek: a view reads with its owner's rights"],
    [
      'alter function keyword_matches(text, tsquery) reset search_path',
      "keyword_matches(text,tsquery): runs with its owner's rights and no pinned search_path",
    ],
    [
      'grant execute on function keyword_matches(text, tsquery) to public',
      "keyword_matches(text,tsquery): runs with its owner's rights for everybody",
    ],
    [
      "create function peek() returns text language sql security definer set search_path = pg_catalog, pg_temp return 'x'",
      "peek(): runs with its owner's rights for everybody",
    ],
    [
      'alter function keyword_matches(text, tsquery) owner to current_user',
      'keyword_matches(text,tsquery): runs with the rights of',
    ],
    ['grant create on schema tessera to tessera_tenant', 'schema tessera: granted to tessera_tenant'],
    ['grant usage on schema tessera to tessera_gateway', 'schema tessera: granted to tessera_gateway'],
    ['alter table tenants owner to tessera_gateway', 'tessera_gateway owns something in this database'],
  ];

  test.each(holes)('finds this one: %s', async (hole, fault) => {
    const faults = await db.whatIf(async (superuser) => {
      await superuser.query(hole);
      return accessFaults(superuser);
    });
    expect(faults).toEqual(expect.arrayContaining([expect.stringContaining(fault)]));
  });
});

async function accessFaults(superuser: Superuser): Promise<string[]> {
  return (await readAccessFaults(superuser)).map(({ fault }) => fault);
}

/** The tables of the schema in the words of `src/db/catalog.ts`. */
async function readCatalog(superuser: Superuser): Promise<Record<string, Record<string, string>>> {
  const { rows } = await superuser.query<{ table: string; columns: Record<string, string> }>(`
    select c.relname as table, json_object_agg(a.attname, concat_ws(' ',
      case t.typname when 'int2' then 'smallint' when 'int4' then 'integer' when 'bool' then 'boolean' else t.typname end,
      case when not a.attnotnull then 'null' end,
      case when a.attgenerated <> '' or a.attidentity <> '' then 'generated' when a.atthasdef then 'default' end)
      order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    group by c.relname`);
  return Object.fromEntries(rows.map(({ table, columns }) => [table, columns]));
}
