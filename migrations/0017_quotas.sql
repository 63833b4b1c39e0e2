-- How much a tenant, or one of its API keys, may ask for and store, and how much of it is taken.
--
--   tessera_meter  owns the two functions at the end; nobody logs in as it or switches to it
do $$
begin
  create role tessera_meter nologin noinherit;
exception when duplicate_object or unique_violation then null;
end
$$;

grant usage on schema tessera to tessera_meter;

-- Limits in place of the configured ones; null leaves the configured one.
create table tessera.quota_limits (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  -- The nil UUID for the tenant as a whole: a primary key takes no null.
  key_id uuid not null default '00000000-0000-0000-0000-000000000000',
  api_key_id uuid generated always as (nullif(key_id, '00000000-0000-0000-0000-000000000000')) stored,
  requests_per_minute integer check (requests_per_minute >= 0),
  cost_points_per_minute integer check (cost_points_per_minute >= 0),
  documents integer check (documents >= 0),
  chunks integer check (chunks >= 0),
  embedding_tokens_per_day integer check (embedding_tokens_per_day >= 0),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, key_id),
  foreign key (tenant_id, api_key_id) references tessera.api_keys (tenant_id, id) on delete cascade,
  -- What is stored is the tenant's, whichever key stored it.
  check (api_key_id is null or (documents is null and chunks is null))
);

-- Gateways ask for what has changed lately.
create index quota_limits_updated_at on tessera.quota_limits (updated_at);

alter table tessera.quota_limits enable row level security;
alter table tessera.quota_limits force row level security;

create policy operator_reads on tessera.quota_limits for select to tessera_operator using (true);
create policy operator_inserts on tessera.quota_limits for insert to tessera_operator with check (true);
create policy operator_updates on tessera.quota_limits for update to tessera_operator using (true) with check (true);
create policy meter_reads on tessera.quota_limits for select to tessera_meter using (true);

grant select,
  insert (tenant_id, key_id, requests_per_minute, cost_points_per_minute, documents, chunks, embedding_tokens_per_day),
  update (requests_per_minute, cost_points_per_minute, documents, chunks, embedding_tokens_per_day, updated_at)
  on tessera.quota_limits to tessera_operator;
grant select on tessera.quota_limits to tessera_meter;

-- How much of a window is taken: what was used, and what gateways hold in advance. One row for each limit that anybody has,
-- used again in each window, so it is updated in place and stays small. A tenant need not have stored anything to be counted.
create table tessera.quota_windows (
  tenant_id text not null,
  key_id uuid not null,
  kind text not null check (kind in ('requestsPerMinute', 'costPointsPerMinute', 'embeddingTokensPerDay')),
  started_at timestamptz not null,
  taken integer not null default 0 check (taken >= 0),
  primary key (tenant_id, key_id, kind)
) with (fillfactor = 50);

alter table tessera.quota_windows enable row level security;
alter table tessera.quota_windows force row level security;

create policy meter_reads on tessera.quota_windows for select to tessera_meter
  using (tenant_id = tessera.current_tenant());
create policy meter_inserts on tessera.quota_windows for insert to tessera_meter
  with check (tenant_id = tessera.current_tenant());
create policy meter_updates on tessera.quota_windows for update to tessera_meter
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
-- The worker clears away windows that nobody has asked for in two days; the longest is a day.
create policy worker_reads_ended on tessera.quota_windows for select to tessera_worker
  using (started_at < now() - interval '2 days');
create policy worker_deletes_ended on tessera.quota_windows for delete to tessera_worker
  using (started_at < now() - interval '2 days');

grant select, insert (tenant_id, key_id, kind, started_at), update (started_at, taken) on tessera.quota_windows to tessera_meter;
grant select (tenant_id, started_at), delete on tessera.quota_windows to tessera_worker;

-- Takes some of what a limit leaves in the window that is now, for the current tenant: as much as is wished or what is
-- left, and nothing where that is less than `at_least`. Windows are whole multiples of their length since 1970, by this
-- server's clock, so that all gateways mean the same one.
create function tessera.take_quota(
  for_key uuid, of_kind text, at_least integer, wished integer, most integer, window_seconds integer,
  out granted integer, out used integer, out ends_in_ms float8)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  tenant text := tessera.current_tenant();
  length_s constant float8 := window_seconds;
  moment float8;
  started timestamptz;
  before tessera.quota_windows;
begin
  insert into tessera.quota_windows (tenant_id, key_id, kind, started_at)
    values (tenant, for_key, of_kind, '-infinity') on conflict do nothing;
  select w.* into before from tessera.quota_windows w
    where w.tenant_id = tenant and w.key_id = for_key and w.kind = of_kind for update;
  -- Read behind the lock: whoever waited for it may have waited into the next window.
  moment := date_part('epoch', clock_timestamp());
  started := to_timestamp(floor(moment / length_s) * length_s);
  used := case when before.started_at = started then before.taken else 0 end;
  granted := greatest(0, least(wished, most - used));
  if granted < at_least then granted := 0; end if;
  used := used + granted;
  if granted > 0 then
    update tessera.quota_windows w set started_at = started, taken = used
      where w.tenant_id = tenant and w.key_id = for_key and w.kind = of_kind;
  end if;
  ends_in_ms := 1000 * (length_s - (moment - floor(moment / length_s) * length_s));
end
$$;

-- Limits that were set since a moment, of every tenant: what a gateway has to know before it knows who calls.
create function tessera.quota_limits_since(moment timestamptz) returns setof tessera.quota_limits
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select q.* from tessera.quota_limits q where q.updated_at >= moment;
end;

grant tessera_meter to current_user;
grant create on schema tessera to tessera_meter;
alter function tessera.take_quota(uuid, text, integer, integer, integer, integer) owner to tessera_meter;
alter function tessera.quota_limits_since(timestamptz) owner to tessera_meter;
revoke create on schema tessera from tessera_meter;
revoke all on function tessera.take_quota(uuid, text, integer, integer, integer, integer) from public;
revoke all on function tessera.quota_limits_since(timestamptz) from public;
grant execute on function tessera.take_quota(uuid, text, integer, integer, integer, integer) to tessera_gate, tessera_tenant;
grant execute on function tessera.quota_limits_since(timestamptz) to tessera_gate;
revoke tessera_meter from current_user;

select tessera.guard_tenant_tables();
