-- Tables of an application whose rows are kept as documents: what is followed, the outbox that triggers on them write to in the
-- application's own transactions, and what could not be noted.
--
--   tessera_watcher    owns the functions that note changes; nobody logs in as it or switches to it
--   tessera_attacher   attaches and detaches tables; granted to the owner, and to whom an owner of other tables grants it
do $$
declare
  role_name text;
begin
  foreach role_name in array array['tessera_watcher', 'tessera_attacher'] loop
    begin
      execute format('create role %I nologin noinherit', role_name);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

grant usage on schema tessera to tessera_watcher, tessera_attacher;

-- An attached table and what of it a document is made of. Its name is what its triggers know it by.
create table tessera.sources (
  name text primary key check (length(name) between 1 and 200),
  table_schema text not null,
  table_name text not null,
  -- Whose every row is, or the column that says whose a row is.
  tenant text check (tenant ~ '^[A-Za-z0-9_-]{1,64}$'),
  tenant_column text,
  collection text not null check (length(collection) between 1 and 64),
  -- They make the document's external id.
  key_columns text[] not null check (cardinality(key_columns) between 1 and 8),
  title_column text,
  text_columns text[] not null check (cardinality(text_columns) between 1 and 16),
  metadata_columns text[] not null default '{}' check (cardinality(metadata_columns) <= 40),
  url_column text,
  language text,
  -- A unique key of the table, in whose order rows that were there before are read.
  page_columns text[] not null check (cardinality(page_columns) between 1 and 9),
  attached_at timestamptz not null default now(),
  -- The last row of those that were there before which has been noted, and how many have.
  backfilled_to text[],
  backfilled bigint not null default 0,
  backfilled_at timestamptz,
  check ((tenant is null) <> (tenant_column is null)),
  unique (table_schema, table_name)
);

alter table tessera.sources enable row level security;
alter table tessera.sources force row level security;

create policy watcher_reads on tessera.sources for select to tessera_watcher using (true);
create policy attacher_reads on tessera.sources for select to tessera_attacher using (true);
create policy attacher_inserts on tessera.sources for insert to tessera_attacher with check (true);
create policy attacher_updates on tessera.sources for update to tessera_attacher using (true) with check (true);
create policy attacher_deletes on tessera.sources for delete to tessera_attacher using (true);

grant select on tessera.sources to tessera_watcher;
-- A definition does not change: the table is detached and attached again.
grant select, insert, update (backfilled_to, backfilled, backfilled_at), delete on tessera.sources to tessera_attacher;

create sequence tessera.source_change_seq cache 1;

-- The outbox: one row for each change, so that no application waits for another's change or for a worker. A worker reads the newest
-- of each key and deletes it with what it supersedes. For one key the order of `seq` is the order of commits: whoever changes
-- a row, or takes a key again, waits for whoever changed it before, and draws its number after that.
create table tessera.source_changes (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  source text not null,
  -- The document's external id; of one that is too long the beginning and a digest.
  key text not null,
  -- 0 for a row that was there before the table was attached: it loses to every change.
  seq bigint not null,
  kind text not null check (kind in ('upsert', 'delete', 'truncate')),
  collection text not null,
  -- The mapped columns: title, text, url, metadata, language.
  snapshot jsonb,
  noted_at timestamptz not null default now(),
  attempts integer not null default 0,
  available_at timestamptz not null default now(),
  reason text,
  -- Since when nobody tries it any more.
  dead_at timestamptz,
  primary key (tenant_id, source, key, seq)
);

create index source_changes_waiting on tessera.source_changes (tenant_id, source, seq) where dead_at is null;
create index source_changes_dead on tessera.source_changes (tenant_id, source) where dead_at is not null;

-- A queue turns over completely; a share of its rows says nothing about how many are dead.
alter table tessera.source_changes set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

alter table tessera.source_changes enable row level security;
alter table tessera.source_changes force row level security;

create policy tenant_reads on tessera.source_changes for select to tessera_tenant, tessera_reader
  using (tenant_id = tessera.current_tenant());
create policy tenant_updates on tessera.source_changes for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
create policy tenant_deletes on tessera.source_changes for delete to tessera_tenant
  using (tenant_id = tessera.current_tenant());
-- Which tenants' changes wait, and nothing of what they are.
create policy worker_reads on tessera.source_changes for select to tessera_worker using (true);
create policy watcher_reads on tessera.source_changes for select to tessera_watcher using (true);
create policy watcher_inserts on tessera.source_changes for insert to tessera_watcher with check (true);
create policy watcher_updates on tessera.source_changes for update to tessera_watcher using (true) with check (true);
create policy attacher_reads on tessera.source_changes for select to tessera_attacher using (true);
create policy attacher_updates on tessera.source_changes for update to tessera_attacher using (true) with check (true);
create policy attacher_deletes on tessera.source_changes for delete to tessera_attacher using (true);

grant select, update (attempts, available_at, reason, dead_at), delete on tessera.source_changes to tessera_tenant;
grant select (tenant_id, source, key, seq, kind, collection, noted_at, attempts, available_at, reason, dead_at)
  on tessera.source_changes to tessera_reader, tessera_attacher;
grant select (tenant_id, source, seq, available_at, dead_at) on tessera.source_changes to tessera_worker;
grant select, insert, update (kind, collection, snapshot, noted_at, attempts, available_at, reason, dead_at)
  on tessera.source_changes to tessera_watcher;
grant update (attempts, available_at, reason, dead_at), delete on tessera.source_changes to tessera_attacher;

-- What could not be noted as anybody's change: rows of no usable tenant, by their keys, and statements that could not be followed.
create table tessera.source_faults (
  source text not null,
  key text not null,
  reason text not null,
  noted_at timestamptz not null default now(),
  primary key (source, key)
);

alter table tessera.source_faults enable row level security;
alter table tessera.source_faults force row level security;

create policy watcher_reads on tessera.source_faults for select to tessera_watcher using (true);
create policy watcher_inserts on tessera.source_faults for insert to tessera_watcher with check (true);
create policy watcher_updates on tessera.source_faults for update to tessera_watcher using (true) with check (true);
create policy watcher_deletes on tessera.source_faults for delete to tessera_watcher using (true);
create policy attacher_reads on tessera.source_faults for select to tessera_attacher using (true);
create policy attacher_deletes on tessera.source_faults for delete to tessera_attacher using (true);

grant select, insert, update (reason, noted_at), delete on tessera.source_faults to tessera_watcher;
grant select, delete on tessera.source_faults to tessera_attacher;

-- A tenant that an attached table names exists from its first row on, as one that a token names does from its first write on.
create policy watcher_reads on tessera.tenants for select to tessera_watcher using (true);
create policy watcher_inserts on tessera.tenants for insert to tessera_watcher with check (
  status = 'active' and not exists (
    select from tessera.tenant_deletions d where d.tenant_id = tenants.id and d.lifted_at is null
  )
);
create policy watcher_reads on tessera.tenant_deletions for select to tessera_watcher using (true);
create policy watcher_inserts on tessera.canaries for insert to tessera_watcher with check (true);
-- Whose documents a table that is truncated has to take along.
create policy watcher_reads on tessera.documents for select to tessera_watcher using (true);

grant select (id), insert (id) on tessera.tenants to tessera_watcher;
grant select (tenant_id, lifted_at) on tessera.tenant_deletions to tessera_watcher;
grant insert (tenant_id) on tessera.canaries to tessera_watcher;
grant select (tenant_id, collection) on tessera.documents to tessera_watcher;
grant usage on sequence tessera.source_change_seq to tessera_watcher;

-- The query that makes (tenant, key, snapshot) of the rows of a relation. What a document cannot hold is cut where a worker still
-- sees that it was too long, so that no text makes a snapshot too large.
create function tessera.source_rows(source tessera.sources, relation text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
return format(
  'select %s as tenant, %s as key, jsonb_build_object(''title'', %s, ''text'', jsonb_build_array(%s), ''url'', %s, ''language'', %L::text, ''metadata'', jsonb_build_object(%s)) as snapshot from %s r',
  case when source.tenant is null then format('r.%I::text', source.tenant_column) else format('%L::text', source.tenant) end,
  case when cardinality(source.key_columns) = 1 then format('r.%I::text', source.key_columns[1])
    else format('jsonb_build_array(%s)::text', (select string_agg(format('r.%I', c), ', ' order by n) from unnest(source.key_columns) with ordinality u (c, n))) end,
  case when source.title_column is null then 'null::text' else format('left(r.%I::text, 1001)', source.title_column) end,
  (select string_agg(format('left(r.%I::text, 1000001)', c), ', ' order by n) from unnest(source.text_columns) with ordinality u (c, n)),
  case when source.url_column is null then 'null::text' else format('left(r.%I::text, 2049)', source.url_column) end,
  source.language,
  (select string_agg(format('%L, to_jsonb(r.%I)', c, c), ', ' order by n) from unnest(source.metadata_columns) with ordinality u (c, n)),
  relation
);

create function tessera.note_source_fault(source text, key text, reason text) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
begin atomic
  insert into tessera.source_faults as f (source, key, reason) values (source, key, left(reason, 500))
  on conflict on constraint source_faults_pkey do update set reason = excluded.reason, noted_at = now();
end;

-- Notes what became of a row. Nothing in the row makes it fail: a row that cannot be a document is kept as a change that nobody
-- tries, with its reason; one of no usable tenant is a fault of the source. Returns whether a change was noted.
create function tessera.note_source_row(from_source tessera.sources, change text, at_seq bigint, of_tenant text, of_key text, row_now jsonb)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  noted_key text := of_key;
  fault text;
begin
  if length(of_key) > 512 then
    noted_key := left(of_key, 200) || '...' || md5(of_key);
    fault := format('the key has %s characters; at most 512 are allowed', length(of_key));
  elsif pg_column_size(row_now) > 8000000 then
    fault := format('the row holds %s bytes; at most 8000000 are allowed', pg_column_size(row_now));
  end if;
  delete from tessera.source_faults f where f.source = from_source.name and f.key = noted_key;
  if of_tenant is null or of_tenant !~ '^[A-Za-z0-9_-]{1,64}$' or of_tenant in ('tessera-canary-1', 'tessera-canary-2') then
    if change = 'upsert' then
      perform tessera.note_source_fault(from_source.name, noted_key, format(
        'the tenant id is %s; 1 to 64 letters, digits, "_" and "-" are allowed', coalesce(quote_literal(left(of_tenant, 80)), 'null')));
    end if;
    return false;
  end if;
  if not exists (select from tessera.tenants t where t.id = of_tenant) then
    if change <> 'upsert' then
      return false;
    elsif exists (select from tessera.tenant_deletions d where d.tenant_id = of_tenant and d.lifted_at is null) then
      -- One for all its rows, so that nothing of them is kept.
      perform tessera.note_source_fault(from_source.name, 'tenant ' || of_tenant, format('the tenant %s was deleted; its rows are not followed', of_tenant));
      return false;
    end if;
    insert into tessera.tenants (id) values (of_tenant) on conflict do nothing;
  end if;
  insert into tessera.source_changes as c (tenant_id, source, key, seq, kind, collection, snapshot, attempts, reason, dead_at)
  values (of_tenant, from_source.name, noted_key, coalesce(at_seq, nextval('tessera.source_change_seq')), change, from_source.collection,
    case when fault is null and change = 'upsert' then row_now end,
    case when fault is null then 0 else 1 end, case when change = 'upsert' then fault end,
    case when fault is not null and change = 'upsert' then now() end)
  on conflict on constraint source_changes_pkey do update
  set kind = excluded.kind, collection = excluded.collection, snapshot = excluded.snapshot, noted_at = excluded.noted_at,
    attempts = excluded.attempts, available_at = excluded.available_at, reason = excluded.reason, dead_at = excluded.dead_at;
  return true;
end
$$;

-- What the triggers of an attached table call after each statement. The statement never fails for what is in its rows, nor
-- because the table has lost a column: what cannot be followed is noted as a fault of the source. What would be just as true of the
-- statement itself is not held back: a deadlock, a lock or a disk that is not to be had, a shutdown.
create function tessera.note_source_change() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  source tessera.sources;
  noted bigint;
  is_idle boolean;
begin
  select s.* into source from tessera.sources s where s.name = tg_argv[0];
  if not found then
    return null;
  end if;
  is_idle := not exists (select from tessera.source_changes c where c.dead_at is null and c.attempts = 0);
  begin
    -- The noting is where an aggregate looks, behind every condition: among the conditions it might run ahead of them.
    if tg_op = 'INSERT' then
      execute format('select count(*) filter (where tessera.note_source_row($1, ''upsert'', null, r.tenant, r.key, r.snapshot)) from (%s) r',
        tessera.source_rows(source, 'new_rows')) into noted using source;
    elsif tg_op = 'DELETE' then
      execute format('select count(*) filter (where tessera.note_source_row($1, ''delete'', null, r.tenant, r.key, null)) from (%s) r',
        tessera.source_rows(source, 'old_rows')) into noted using source;
    elsif tg_op = 'UPDATE' then
      -- By keys, not by pairs of rows: so a key or a tenant that changes, and keys that are swapped, need no rule of their own.
      execute format('
        with before as materialized (%s), after as materialized (%s)
        select count(*) filter (where tessera.note_source_row($1, r.change, null, r.tenant, r.key, r.snapshot)) from (
          select ''delete'' as change, b.tenant, b.key, null::jsonb as snapshot from before b
          where not exists (select from after a where a.key = b.key and a.tenant is not distinct from b.tenant)
          union all
          select ''upsert'', a.tenant, a.key, a.snapshot from after a
          where not exists (select from before b where b.key = a.key and b.tenant is not distinct from a.tenant and b.snapshot = a.snapshot)
          order by change
        ) r',
        tessera.source_rows(source, 'old_rows'), tessera.source_rows(source, 'new_rows')) into noted using source;
    else
      select count(*) filter (where tessera.note_source_row(source, 'truncate', null, t.id, '', null)) into noted
      from tessera.tenants t
      where source.tenant = t.id or source.tenant is null and (
        exists (select from tessera.documents d where d.tenant_id = t.id and d.collection = source.collection)
        or exists (select from tessera.source_changes c where c.tenant_id = t.id and c.source = source.name));
      delete from tessera.source_faults f where f.source = source.name;
    end if;
  exception when others then
    if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    perform tessera.note_source_fault(source.name, '', format('%s of a statement could not be followed (%s): %s',
      lower(tg_op), sqlstate, sqlerrm));
  end;
  -- A commit that notifies waits for every other that does. While changes wait, a worker is at it or looks within a second.
  if noted > 0 and is_idle then
    perform pg_notify('tessera_work', '');
  end if;
  return null;
end
$$;

grant tessera_watcher to current_user;
grant create on schema tessera to tessera_watcher;
alter function tessera.source_rows(tessera.sources, text) owner to tessera_watcher;
alter function tessera.note_source_fault(text, text, text) owner to tessera_watcher;
alter function tessera.note_source_row(tessera.sources, text, bigint, text, text, jsonb) owner to tessera_watcher;
alter function tessera.note_source_change() owner to tessera_watcher;
revoke create on schema tessera from tessera_watcher;
revoke all on function tessera.source_rows(tessera.sources, text), tessera.note_source_fault(text, text, text),
  tessera.note_source_row(tessera.sources, text, bigint, text, text, jsonb), tessera.note_source_change() from public;
grant execute on function tessera.source_rows(tessera.sources, text), tessera.note_source_fault(text, text, text),
  tessera.note_source_row(tessera.sources, text, bigint, text, text, jsonb), tessera.note_source_change() to tessera_attacher;
revoke tessera_watcher from current_user;
-- The owner attaches as itself: it needs the rights on its own tables at the same time.
grant tessera_attacher to current_user;

select tessera.guard_tenant_tables();
