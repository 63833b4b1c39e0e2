-- Who may read and who may write, as roles; API keys; and the list of tokens that no longer hold.
--
--   tessera_reader      reads of one tenant: whatever tessera_tenant may read, and not one row to write
--   tessera_admin       API keys and revoked tokens of one tenant
--   tessera_gate        finds out who calls, before a tenant is known: four functions and no table
--   tessera_gatekeeper  owns those functions; nobody logs in as it or switches to it
do $$
declare
  role_name text;
begin
  foreach role_name in array array['tessera_reader', 'tessera_admin', 'tessera_gate', 'tessera_gatekeeper'] loop
    begin
      execute format('create role %I nologin noinherit', role_name);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

grant tessera_reader, tessera_admin, tessera_gate to tessera_gateway;
grant tessera_reader to tessera_worker_login;
grant usage on schema tessera to tessera_reader, tessera_admin, tessera_gate, tessera_gatekeeper;

-- Reads of a request run as the reader, whoever calls: what a resolver reads with cannot write. Everything that a tenant
-- reads at this point it reads, too, by the same policies; tables from here on name both roles.
do $$
declare
  found record;
begin
  for found in
    select p.polname as policy, p.polrelid::regclass as on_table, string_agg(quote_ident(r.rolname), ', ' order by r.rolname) as roles
    from pg_policy p
    join pg_class c on c.oid = p.polrelid and c.relnamespace = 'tessera'::regnamespace,
      unnest(p.polroles) granted (oid)
    join pg_roles r on r.oid = granted.oid
    where p.polcmd = 'r' and 'tessera_tenant'::regrole = any (p.polroles) and not 'tessera_reader'::regrole = any (p.polroles)
    group by p.polname, p.polrelid
  loop
    execute format('alter policy %I on %s to %s, tessera_reader', found.policy, found.on_table, found.roles);
  end loop;
  for found in
    select c.oid::regclass as on_table, null as columns
    from pg_class c, aclexplode(c.relacl) i
    where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p')
      and i.grantee = 'tessera_tenant'::regrole and i.privilege_type = 'SELECT'
    union all
    select c.oid::regclass, '(' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')'
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped, aclexplode(a.attacl) i
    where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p')
      and i.grantee = 'tessera_tenant'::regrole and i.privilege_type = 'SELECT'
    group by c.oid
  loop
    execute format('grant select %s on %s to tessera_reader', coalesce(found.columns, ''), found.on_table);
  end loop;
  -- A function that may write would be marked volatile.
  for found in
    select p.oid::regprocedure as function
    from pg_proc p, aclexplode(p.proacl) i
    where p.pronamespace = 'tessera'::regnamespace and p.provolatile <> 'v'
      and i.grantee = 'tessera_tenant'::regrole and i.privilege_type = 'EXECUTE'
  loop
    execute format('grant execute on function %s to tessera_reader', found.function);
  end loop;
end
$$;

-- Keys for programs. The key itself is shown once, to whoever makes it, and is stored nowhere.
create table tessera.api_keys (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  id uuid not null,
  -- The part of the key that is no secret: what it is looked up and told apart by.
  prefix text not null check (prefix ~ '^[0-9a-f]{12}$'),
  -- sha256 of the key. Slow hashes are for secrets that people think up; this one holds 256 random bits, which nobody
  -- guesses at any speed, and it is checked where a request waits.
  secret_hash bytea not null check (length(secret_hash) = 32),
  name text not null check (length(name) between 1 and 200),
  -- Whom and which groups a caller with this key is taken for.
  subject text not null check (length(subject) between 1 and 256),
  groups jsonb not null default '[]' check (jsonb_typeof(groups) = 'array'),
  -- Never "operator": a key belongs to a tenant, and the operator to none.
  scopes jsonb not null check (
    jsonb_typeof(scopes) = 'array' and scopes <@ '["search", "documents:read", "documents:write", "tenant:admin"]'),
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  -- To the minute or so: it is written in batches, and not by the requests themselves.
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, id)
);

-- Found before its tenant is known. Not unique, because nothing is across tenants: of several, the hash decides.
create index api_keys_prefix on tessera.api_keys (prefix);
create index api_keys_revoked_at on tessera.api_keys (revoked_at) where revoked_at is not null;

alter table tessera.api_keys enable row level security;
alter table tessera.api_keys force row level security;

create policy admin_reads on tessera.api_keys for select to tessera_admin
  using (tenant_id = tessera.current_tenant());
create policy admin_inserts on tessera.api_keys for insert to tessera_admin
  with check (tenant_id = tessera.current_tenant());
create policy admin_updates on tessera.api_keys for update to tessera_admin
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());

grant select (tenant_id, id, prefix, name, subject, groups, scopes, created_by, created_at, expires_at, last_used_at, revoked_at),
  insert (tenant_id, id, prefix, secret_hash, name, subject, groups, scopes, created_by, expires_at), update (revoked_at)
  on tessera.api_keys to tessera_admin;

-- Tokens that were taken back before their time, by their `jti`. A row is of no use once the token has expired.
create table tessera.revoked_tokens (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  token_id text not null check (length(token_id) between 1 and 256),
  expires_at timestamptz not null,
  revoked_at timestamptz not null default now(),
  revoked_by text not null,
  primary key (tenant_id, token_id)
);

create index revoked_tokens_revoked_at on tessera.revoked_tokens (revoked_at);
create index revoked_tokens_expires_at on tessera.revoked_tokens (expires_at);

alter table tessera.revoked_tokens enable row level security;
alter table tessera.revoked_tokens force row level security;

create policy admin_reads on tessera.revoked_tokens for select to tessera_admin
  using (tenant_id = tessera.current_tenant());
create policy admin_inserts on tessera.revoked_tokens for insert to tessera_admin
  with check (tenant_id = tessera.current_tenant());
create policy admin_updates on tessera.revoked_tokens for update to tessera_admin
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
-- The worker clears away what has expired, an hour later: clocks differ, and a token is accepted a little past its time.
create policy worker_reads_expired on tessera.revoked_tokens for select to tessera_worker
  using (expires_at < now() - interval '1 hour');
create policy worker_deletes_expired on tessera.revoked_tokens for delete to tessera_worker
  using (expires_at < now() - interval '1 hour');

grant select, insert (tenant_id, token_id, expires_at, revoked_by), update (expires_at) on tessera.revoked_tokens to tessera_admin;
grant select (tenant_id, expires_at), delete on tessera.revoked_tokens to tessera_worker;

-- An administrator may be the first to write anything of a tenant.
alter policy tenant_registers_itself on tessera.tenants to tessera_tenant, tessera_admin;
create policy admin_reads_itself on tessera.tenants for select to tessera_admin using (id = tessera.current_tenant());
grant select, insert (id, name) on tessera.tenants to tessera_admin;

-- Gateways remember whom they let in, and forget it the moment that one of them, or anybody at all, takes it back.
create function tessera.announce_revoked_key() returns trigger language plpgsql as $$
begin
  perform pg_catalog.pg_notify('tessera_revocations', pg_catalog.json_build_object('key', old.id)::text);
  return null;
end
$$;
create function tessera.announce_revoked_token() returns trigger language plpgsql as $$
begin
  perform pg_catalog.pg_notify('tessera_revocations', pg_catalog.json_build_object(
    'tenant', new.tenant_id, 'token', new.token_id, 'expires', pg_catalog.date_part('epoch', new.expires_at))::text);
  return null;
end
$$;
create trigger announces after update of revoked_at or delete on tessera.api_keys
  for each row execute function tessera.announce_revoked_key();
create trigger announces after insert or update of expires_at on tessera.revoked_tokens
  for each row execute function tessera.announce_revoked_token();

-- What a gateway asks before it knows a tenant: past the policies, as a role that can do nothing else.
create policy gatekeeper_reads on tessera.api_keys for select to tessera_gatekeeper using (true);
create policy gatekeeper_updates on tessera.api_keys for update to tessera_gatekeeper using (true) with check (true);
create policy gatekeeper_reads on tessera.revoked_tokens for select to tessera_gatekeeper using (true);
grant select (tenant_id, id, prefix, secret_hash, subject, groups, scopes, expires_at, last_used_at, revoked_at), update (last_used_at)
  on tessera.api_keys to tessera_gatekeeper;
grant select (tenant_id, token_id, expires_at, revoked_at) on tessera.revoked_tokens to tessera_gatekeeper;

create function tessera.find_api_keys(key_prefix text) returns table (
  tenant_id text, id uuid, secret_hash bytea, subject text, groups jsonb, scopes jsonb, expires_at timestamptz, revoked_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select k.tenant_id, k.id, k.secret_hash, k.subject, k.groups, k.scopes, k.expires_at, k.revoked_at
  from tessera.api_keys k where k.prefix = key_prefix;
end;

create function tessera.token_is_revoked(tenant text, token text) returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from tessera.revoked_tokens t where t.tenant_id = tenant and t.token_id = token);
end;

-- What was taken back since a moment: keys by their id, tokens by their tenant and id.
create function tessera.revocations_since(moment timestamptz) returns table (
  key_id uuid, tenant_id text, token_id text, expires_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select k.id, k.tenant_id, null::text, k.expires_at from tessera.api_keys k where k.revoked_at > moment
  union all
  select null::uuid, t.tenant_id, t.token_id, t.expires_at from tessera.revoked_tokens t where t.revoked_at > moment;
end;

create function tessera.note_key_use(tenants text[], ids uuid[], moments timestamptz[]) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
begin atomic
  update tessera.api_keys k set last_used_at = used.moment
  from unnest(tenants, ids, moments) used (tenant_id, id, moment)
  where k.tenant_id = used.tenant_id and k.id = used.id and (k.last_used_at is null or k.last_used_at < used.moment);
end;

-- An owner must be able to create in the schema for the moment in which it becomes the owner, and whoever migrates must
-- be a member for that moment only: a member that inherits would have the policies above applied to itself.
grant tessera_gatekeeper to current_user;
grant create on schema tessera to tessera_gatekeeper;
do $$
declare
  signature regprocedure;
begin
  foreach signature in array array[
    'tessera.find_api_keys(text)', 'tessera.token_is_revoked(text, text)', 'tessera.revocations_since(timestamptz)',
    'tessera.note_key_use(text[], uuid[], timestamptz[])']::regprocedure[]
  loop
    execute format('alter function %s owner to tessera_gatekeeper', signature);
    execute format('revoke all on function %s from public', signature);
    execute format('grant execute on function %s to tessera_gate', signature);
  end loop;
end
$$;
revoke create on schema tessera from tessera_gatekeeper;
revoke tessera_gatekeeper from current_user;
