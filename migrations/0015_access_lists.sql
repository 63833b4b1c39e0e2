-- Access lists of documents: who may read one. PostgreSQL enforces them where rows are read, so that no way of reading
-- can forget them. See docs/decisions/0011-document-access-lists.md.
--
--   tessera_audience  owns the two functions that look a caller up; nobody logs in as it or switches to it
do $$
begin
  create role tessera_audience nologin noinherit;
exception when duplicate_object or unique_violation then null;
end
$$;
grant usage on schema tessera to tessera_audience;

-- The different access lists of a tenant, each stored once: an audience. Documents carry its number; 0 is the whole tenant
-- and has no row. Numbers are never given twice, so a document cannot come under another list than its own.
create table tessera.audiences (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  id integer not null generated always as identity,
  -- Sorted, each once.
  users text[] not null,
  groups text[] not null,
  -- sha256 of both, by which the same list is found again.
  digest bytea not null check (length(digest) = 32),
  primary key (tenant_id, id),
  unique (tenant_id, digest),
  check (id > 0),
  check (cardinality(users) + cardinality(groups) between 1 and 256)
);

alter table tessera.audiences enable row level security;
alter table tessera.audiences force row level security;

-- Who belongs to an audience, to be looked up by: `u:` and the subject, or `g:` and the group.
create table tessera.audience_members (
  tenant_id text not null,
  member text not null check (left(member, 2) in ('u:', 'g:') and length(member) between 3 and 258),
  audience integer not null,
  primary key (tenant_id, member, audience),
  foreign key (tenant_id, audience) references tessera.audiences (tenant_id, id) on delete cascade
);

alter table tessera.audience_members enable row level security;
alter table tessera.audience_members force row level security;

create policy tenant_inserts on tessera.audience_members for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy audience_reads on tessera.audience_members for select to tessera_audience using (true);

grant insert on tessera.audience_members to tessera_tenant;
grant select on tessera.audience_members to tessera_audience;

-- The audiences that the subject of the scope and its groups belong to, besides 0. A policy asks once a statement, and only
-- where it comes by a row that is not everybody's.
--
-- It reads as its owner: its plan depends on the role, and is made once a session where that is always the same. It may be
-- made while the table is empty, so it may not be a scan from end to end.
create function tessera.permitted_audiences() returns setof integer
language plpgsql stable parallel safe rows 10 security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  tenant text := tessera.current_tenant();
  names text[] := array['u:' || current_setting('tessera.subject', true)] || array(
    select 'g:' || g from jsonb_array_elements_text(
      coalesce(nullif(current_setting('tessera.groups', true), ''), '[]')::jsonb) g);
begin
  return query
    select m.audience from tessera.audience_members m where m.tenant_id = tenant and m.member = any (names);
end
$$;

create policy tenant_reads on tessera.audiences for select to tessera_tenant
  using (tenant_id = tessera.current_tenant());
create policy reader_reads on tessera.audiences for select to tessera_reader
  using (tenant_id = tessera.current_tenant() and id in (select tessera.permitted_audiences()));
create policy tenant_inserts on tessera.audiences for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy audience_reads on tessera.audiences for select to tessera_audience using (true);

grant select, insert (tenant_id, users, groups, digest) on tessera.audiences to tessera_tenant;
grant select (tenant_id, id, users, groups) on tessera.audiences to tessera_reader;
grant select (tenant_id) on tessera.audiences to tessera_audience;

-- Whether any document of the tenant may be hidden from anybody: what a search is planned by. It decides nothing.
create function tessera.has_access_lists() returns boolean
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from tessera.audiences a where a.tenant_id = tessera.current_tenant());
end;

-- An owner must be able to create in the schema for the moment in which it becomes the owner, and whoever migrates must
-- be a member for that moment only: a member that inherits would have the policies above applied to itself.
grant tessera_audience to current_user;
grant create on schema tessera to tessera_audience;
alter function tessera.permitted_audiences() owner to tessera_audience;
alter function tessera.has_access_lists() owner to tessera_audience;
revoke all on function tessera.permitted_audiences(), tessera.has_access_lists() from public;
grant execute on function tessera.permitted_audiences() to tessera_reader, tessera_keyword;
grant execute on function tessera.has_access_lists() to tessera_reader;
revoke create on schema tessera from tessera_audience;
revoke tessera_audience from current_user;

-- The audience of a row is its document's. Foreign keys keep it so: a row that is written with another is refused, and a
-- change of the document's goes down to its chunks, and from there to their vectors, in the same statement.
alter table tessera.documents add column audience integer not null default 0;
alter table tessera.document_attributes add column audience integer not null default 0;
alter table tessera.chunks add column audience integer not null default 0;
alter table tessera.embeddings add column audience integer not null default 0;
alter table tessera.unembeddable_chunks add column audience integer not null default 0;
alter table tessera.embedding_jobs add column audience integer not null default 0;

-- What those keys point at. The audience stands before the id, so that the documents of a few audiences are found by the
-- first, and the look-up of a row by its id stays with the primary key.
create unique index documents_by_audience on tessera.documents (tenant_id, audience, id);
create unique index chunks_by_audience on tessera.chunks (tenant_id, audience, id);

alter table tessera.document_attributes
  drop constraint document_attributes_tenant_id_document_id_fkey,
  add constraint document_attributes_document foreign key (tenant_id, document_id, audience)
    references tessera.documents (tenant_id, id, audience) on update cascade on delete cascade;
alter table tessera.chunks
  drop constraint chunks_tenant_id_document_id_fkey,
  add constraint chunks_document foreign key (tenant_id, document_id, audience)
    references tessera.documents (tenant_id, id, audience) on update cascade on delete cascade;
alter table tessera.embeddings
  drop constraint embeddings_tenant_id_chunk_id_fkey,
  add constraint embeddings_chunk foreign key (tenant_id, chunk_id, audience)
    references tessera.chunks (tenant_id, id, audience) on update cascade on delete cascade;
alter table tessera.unembeddable_chunks
  drop constraint unembeddable_chunks_tenant_id_chunk_id_fkey,
  add constraint unembeddable_chunks_chunk foreign key (tenant_id, chunk_id, audience)
    references tessera.chunks (tenant_id, id, audience) on update cascade on delete cascade;
alter table tessera.embedding_jobs
  drop constraint embedding_jobs_tenant_id_chunk_id_fkey,
  add constraint embedding_jobs_chunk foreign key (tenant_id, chunk_id, audience)
    references tessera.chunks (tenant_id, id, audience) on update cascade on delete cascade;

grant update (audience) on tessera.documents to tessera_tenant;
grant insert (audience) on tessera.chunks to tessera_tenant;
grant insert (audience) on tessera.embedding_jobs to tessera_tenant;

-- The indexes that stages are read from alone. With the audience in front of what they cover, somebody who may see little
-- of a tenant reads little of it.
drop index tessera.embeddings_exact;
create index embeddings_exact on tessera.embeddings (tenant_id, model_id, audience) include (chunk_id, document_id, coarse);
drop index tessera.chunks_terms;
create index chunks_terms on tessera.chunks (tenant_id, language, audience) include (id, document_id, terms);
drop index tessera.documents_by_collection;
create index documents_by_collection on tessera.documents (tenant_id, collection, id) include (audience);

-- Whoever writes sees the whole tenant, as does the worker. Whoever reads sees what is everybody's and what is theirs.
do $$
declare
  name text;
begin
  foreach name in array array['documents', 'document_attributes', 'embedding_jobs'] loop
    execute format('alter policy tenant_reads on tessera.%I to tessera_tenant', name);
  end loop;
  foreach name in array array['chunks', 'embeddings', 'unembeddable_chunks'] loop
    execute format('alter policy tenant_reads on tessera.%I to tessera_tenant, tessera_worker', name);
  end loop;
  foreach name in array array[
    'documents', 'document_attributes', 'chunks', 'embeddings', 'unembeddable_chunks', 'embedding_jobs']
  loop
    execute format('create policy reader_reads on tessera.%I for select to tessera_reader
      using (tenant_id = tessera.current_tenant()
        and (audience = 0 or audience in (select tessera.permitted_audiences())))', name);
  end loop;
end
$$;

-- The keyword functions read past the policies, so they ask by themselves: otherwise the best chunks of the tenant would
-- crowd out those that the caller may see.
grant select (audience) on tessera.chunks to tessera_keyword;
grant tessera_keyword to current_user;

create or replace function tessera.keyword_matches(language text, conditions tsquery) returns setof uuid
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
  tenant text := tessera.current_tenant();
begin
  return query
    select c.id from tessera.chunks c
    where c.tenant_id = tenant and c.language = keyword_matches.language
      and (c.audience = 0 or c.audience in (select tessera.permitted_audiences()))
      and (numnode(conditions) = 0 or c.tsv @@ conditions);
end
$$;

do $migration$
begin
  execute format($statement$
    create or replace function tessera.keyword_best(language text, words tsquery, weights sparsevec, most integer) returns setof uuid
    language plpgsql stable parallel safe security definer
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan
    as $body$
    declare
      tenant text := tessera.current_tenant();
    begin
      return query
        select c.id from tessera.chunks c
        where c.tenant_id = tenant and c.language = keyword_best.language and c.tsv @@ words
          and (c.audience = 0 or c.audience in (select tessera.permitted_audiences()))
        order by c.terms operator(%I.<#>) weights limit most;
    end
    $body$
    $statement$, (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'));
end
$migration$;

-- The languages are the tenant's, as its word statistics are: under the policy, somebody who may see nothing of a language
-- would read all of it to find that out.
create or replace function tessera.tenant_languages() returns setof text
language plpgsql stable parallel safe rows 1 security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  tenant text := tessera.current_tenant();
  spoken text;
begin
  select c.language into spoken from tessera.chunks c where c.tenant_id = tenant order by c.language limit 1;
  while spoken is not null loop
    return next spoken;
    select c.language into spoken from tessera.chunks c
    where c.tenant_id = tenant and c.language > spoken order by c.language limit 1;
  end loop;
end
$$;
grant create on schema tessera to tessera_keyword;
alter function tessera.tenant_languages() owner to tessera_keyword;
revoke create on schema tessera from tessera_keyword;

revoke all on function tessera.tenant_languages() from public;
grant execute on function tessera.tenant_languages() to tessera_reader, tessera_tenant;

-- The planner would take a column that it knows nothing of to hide half of every tenant.
analyze tessera.documents (audience), tessera.chunks (audience), tessera.embeddings (audience);
