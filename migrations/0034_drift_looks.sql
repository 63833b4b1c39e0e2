-- What the last look for drift found in each tenant: a worker's monitor keeps it, or `tessera reconcile`. So `tessera doctor`
-- tells of every tenant, and the monitor goes on with those that nobody has looked at for longest, however often it is restarted.
create table tessera.drift_looks (
  tenant_id text primary key references tessera.tenants (id) on delete cascade,
  looked_at timestamptz not null default now(),
  -- How many rows are out of step, by kind; nothing for a tenant that is in step.
  found jsonb not null default '{}' check (jsonb_typeof(found) = 'object')
);

alter table tessera.drift_looks enable row level security;
alter table tessera.drift_looks force row level security;

create policy worker_reads on tessera.drift_looks for select to tessera_worker using (tenant_id = tessera.current_tenant());
create policy worker_inserts on tessera.drift_looks for insert to tessera_worker
  with check (tenant_id = tessera.current_tenant());
create policy worker_updates on tessera.drift_looks for update to tessera_worker
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
create policy operator_reads on tessera.drift_looks for select to tessera_operator using (true);

grant select, insert (tenant_id, found), update (looked_at, found) on tessera.drift_looks to tessera_worker;
grant select on tessera.drift_looks to tessera_operator;

select tessera.guard_tenant_tables();
