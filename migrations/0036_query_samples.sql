-- Queries that people asked, kept where SAMPLE_QUERIES says so: what a new model is compared by, and recall can be measured with.
--
--   tessera_sampler   keeps them and reads them again, in the scope of their tenant; no other role that serves requests sees them
do $$
begin
  create role tessera_sampler nologin noinherit;
exception when duplicate_object or unique_violation then null;
end
$$;

grant tessera_sampler to tessera_gateway;
grant usage on schema tessera to tessera_sampler;

-- Every query draws a number from 0 to 1, and those with the smallest are kept: a sample in which each had the same chance,
-- whichever gateways put their own into it.
create table tessera.query_samples (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  draw float8 not null check (draw >= 0 and draw < 1),
  mode text not null check (mode in ('HYBRID', 'SEMANTIC')),
  text text not null,
  kept_at timestamptz not null default now(),
  primary key (tenant_id, draw)
);

-- What is older than it may be kept is cleared away, of all tenants together.
create index query_samples_kept_at on tessera.query_samples (kept_at);

alter table tessera.query_samples enable row level security;
alter table tessera.query_samples force row level security;

create policy sampler_reads on tessera.query_samples for select to tessera_sampler
  using (tenant_id = tessera.current_tenant());
create policy sampler_inserts on tessera.query_samples for insert to tessera_sampler
  with check (tenant_id = tessera.current_tenant());
create policy sampler_deletes on tessera.query_samples for delete to tessera_sampler
  using (tenant_id = tessera.current_tenant());
-- The worker clears away what is a day old or older, whatever it was configured with, and sees no text.
create policy worker_reads_old on tessera.query_samples for select to tessera_worker
  using (kept_at < now() - interval '1 day');
create policy worker_deletes_old on tessera.query_samples for delete to tessera_worker
  using (kept_at < now() - interval '1 day');

grant select, insert (tenant_id, draw, mode, text), delete on tessera.query_samples to tessera_sampler;
grant select (tenant_id, kept_at), delete on tessera.query_samples to tessera_worker;

-- What every scope of a tenant asks before anything else: whether it is suspended or deleted.
create policy sampler_reads_itself on tessera.tenants for select to tessera_sampler using (id = tessera.current_tenant());
create policy sampler_reads on tessera.tenant_deletions for select to tessera_sampler using (tenant_id = tessera.current_tenant());
grant select (id, status) on tessera.tenants to tessera_sampler;
grant select (tenant_id, lifted_at) on tessera.tenant_deletions to tessera_sampler;

select tessera.guard_tenant_tables();
