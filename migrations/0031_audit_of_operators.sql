-- What operators do past the gateway is put down, too: a tenant that is exported, a table that becomes a tenant's documents or
-- ceases to. And who asked for a tenant's deletion, which the tenant's own log does not outlive.

-- The receipt says by which request and token, as the audit log would. Operators have no API keys.
alter table tessera.tenant_deletions
  add column request_id text default nullif(current_setting('tessera.request_id', true), ''),
  add column token_id text default nullif(current_setting('tessera.token_id', true), '');

-- Whoever exports puts it down before anything is read; so does the trigger below, of a table.
alter table tessera.audit_log alter column by_operator
  set default current_user in ('tessera_operator', 'tessera_exporter', 'tessera_watcher');

create policy exporter_inserts on tessera.audit_log for insert to tessera_exporter
  with check (tenant_id = tessera.current_tenant());
create policy watcher_inserts on tessera.audit_log for insert to tessera_watcher with check (true);
grant insert (tenant_id, id, action, target_kind, target_ids, target_count, details) on tessera.audit_log to tessera_exporter;
-- No scope says who attaches a table: it is whoever logged in.
grant insert (tenant_id, id, action, subject, target_kind, target_ids, target_count, details) on tessera.audit_log to tessera_watcher;

-- A UUID of version 7: 48 bits of time in milliseconds in front of those of version 4, and the version's two bits that differ.
create function tessera.new_audit_id() returns uuid
language sql volatile
set search_path = pg_catalog, pg_temp
return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
  placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;

-- Whether by `tessera attach` or by its SQL, by hand. A table that says row by row whose a row is is no one tenant's, and a tenant
-- that is not there yet has no log.
create function tessera.audit_source() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  source tessera.sources := case tg_op when 'INSERT' then new else old end;
begin
  insert into tessera.audit_log (tenant_id, id, action, subject, target_kind, target_ids, target_count, details)
  select t.id, tessera.new_audit_id(), case tg_op when 'INSERT' then 'attachTable' else 'detachTable' end,
    'postgres:' || session_user, 'table', jsonb_build_array(source.name), 1, jsonb_build_object('collection', source.collection)
  from tessera.tenants t where t.id = source.tenant;
  return null;
end
$$;
create trigger is_audited after insert or delete on tessera.sources for each row execute function tessera.audit_source();

grant tessera_watcher to current_user;
grant create on schema tessera to tessera_watcher;
alter function tessera.audit_source() owner to tessera_watcher;
alter function tessera.new_audit_id() owner to tessera_watcher;
revoke create on schema tessera from tessera_watcher;
revoke all on function tessera.audit_source(), tessera.new_audit_id() from public;
revoke tessera_watcher from current_user;
