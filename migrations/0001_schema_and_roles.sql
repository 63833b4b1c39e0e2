-- The schema, the extension, and the roles that everything else is granted to.
--
--   owner             whoever runs this; migrates, serves nothing
--   tessera_gateway   login of the gateway: owns nothing, inherits nothing, so a query outside a scope is refused
--   tessera_worker_login  login of the worker: the same, with the worker's role instead of the operator's
--   tessera_tenant    reads and writes of one tenant, under forced row-level security
--   tessera_worker    sees the outbox across tenants; anything else only inside a tenant's scope
--   tessera_operator  tenants, models and statistics; never documents
--   tessera_keyword   owns the hardened keyword functions; nobody logs in as it or switches to it
--
-- Roles belong to the cluster and not to the database, so they may exist already.

create schema if not exists tessera;
create extension if not exists vector;

do $$
declare
  role_name text;
begin
  foreach role_name in array array['tessera_tenant', 'tessera_worker', 'tessera_operator', 'tessera_keyword'] loop
    begin
      execute format('create role %I nologin noinherit', role_name);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
  foreach role_name in array array['tessera_gateway', 'tessera_worker_login'] loop
    begin
      execute format('create role %I login noinherit', role_name);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

grant tessera_tenant, tessera_operator to tessera_gateway;
grant tessera_tenant, tessera_worker to tessera_worker_login;

grant usage on schema tessera to tessera_tenant, tessera_worker, tessera_operator, tessera_keyword;

-- The tenant of the current scope, or null outside one. After its first transaction-local use a setting reads as an
-- empty string, hence the nullif. The body is inlined into the policies that call it.
create function tessera.current_tenant() returns text
language sql stable parallel safe
return nullif(current_setting('tessera.tenant_id', true), '');
