-- Who changed what, and when: one row for each mutation, written in the transaction of the change itself.
--
-- Who it was and when are not said by the statement that inserts a row but by the scope of its transaction: the columns
-- have defaults, and nobody is granted to write them. It holds ids and numbers, and no text of a document.
create table tessera.audit_log (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  -- A UUID of version 7, so that ids grow with time.
  id uuid not null,
  at timestamptz not null default now(),
  -- The mutation, by its name in the schema.
  action text not null check (action ~ '^[a-z][A-Za-z]{1,63}$'),
  subject text not null default nullif(current_setting('tessera.subject', true), ''),
  -- The API key, or the `jti` of the token, that the subject showed.
  key_id uuid default nullif(current_setting('tessera.key_id', true), '')::uuid,
  token_id text default nullif(current_setting('tessera.token_id', true), ''),
  -- Whether it was an operator, who need not be of the tenant.
  by_operator boolean not null default current_user = 'tessera_operator',
  request_id text default nullif(current_setting('tessera.request_id', true), ''),
  target_kind text not null check (target_kind ~ '^[a-z][A-Za-z]{1,31}$'),
  -- The first of them; target_count says how many there were.
  target_ids jsonb not null default '[]' check (jsonb_typeof(target_ids) = 'array' and jsonb_array_length(target_ids) <= 200),
  target_count integer not null check (target_count >= 0),
  details jsonb not null default '{}' check (jsonb_typeof(details) = 'object' and octet_length(details::text) <= 8192),
  primary key (tenant_id, id)
);

-- What is older than it has to be kept is cleared away, of all tenants together.
create index audit_log_at on tessera.audit_log (at);

alter table tessera.audit_log enable row level security;
alter table tessera.audit_log force row level security;

create policy tenant_inserts on tessera.audit_log for insert to tessera_tenant, tessera_admin
  with check (tenant_id = tessera.current_tenant());
create policy operator_inserts on tessera.audit_log for insert to tessera_operator with check (true);
create policy admin_reads on tessera.audit_log for select to tessera_admin
  using (tenant_id = tessera.current_tenant());
-- Nobody updates a row, and nobody deletes one of the last week, whatever a worker was configured with.
create policy worker_reads_old on tessera.audit_log for select to tessera_worker
  using (at < now() - interval '7 days');
create policy worker_deletes_old on tessera.audit_log for delete to tessera_worker
  using (at < now() - interval '7 days');

grant insert (tenant_id, id, action, target_kind, target_ids, target_count, details)
  on tessera.audit_log to tessera_tenant, tessera_admin, tessera_operator;
grant select on tessera.audit_log to tessera_admin;
grant select (tenant_id, id, at), delete on tessera.audit_log to tessera_worker;

select tessera.guard_tenant_tables();
