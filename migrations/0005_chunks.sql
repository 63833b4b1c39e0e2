-- The pieces that are embedded and matched by words.
create table tessera.chunks (
  tenant_id text not null,
  id uuid not null,
  document_id uuid not null,
  ordinal integer not null check (ordinal >= 0),
  -- Title and heading path. Embedded and indexed with the text, not part of the passage that is shown.
  context text not null,
  text text not null,
  -- UTF-16 offsets of the text in the document's body, as JavaScript counts them; end is exclusive.
  start_offset integer not null check (start_offset >= 0),
  end_offset integer not null check (end_offset >= start_offset),
  language text not null,
  content_hash bytea not null check (length(content_hash) = 32),
  tsv tsvector not null generated always as (tessera.lexemes(language, context || E'\n' || text)) stored,
  terms sparsevec(268435456) not null
    generated always as (tessera.bm25_terms(tessera.lexemes(language, context || E'\n' || text))) stored,
  primary key (tenant_id, id),
  unique (tenant_id, document_id, ordinal),
  foreign key (tenant_id, document_id) references tessera.documents (tenant_id, id) on delete cascade
);

-- The keyword stage of a small tenant is an index-only scan of this: 0.25 to 0.4 microseconds a chunk.
create index chunks_terms on tessera.chunks (tenant_id, language) include (id, document_id, terms);

-- Index-only scans need the visibility map, so inserts alone must bring the vacuum.
alter table tessera.chunks set (
  autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02
);

alter table tessera.chunks enable row level security;
alter table tessera.chunks force row level security;

create policy tenant_reads on tessera.chunks for select to tessera_tenant, tessera_worker
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.chunks for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy tenant_deletes on tessera.chunks for delete to tessera_tenant
  using (tenant_id = tessera.current_tenant());

grant select, delete on tessera.chunks to tessera_tenant;
grant insert (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
  on tessera.chunks to tessera_tenant;
grant select on tessera.chunks to tessera_worker;

-- How many of a tenant's chunks hold a term. Kept by the worker; a little behind is fine. Each tenant has its own, so
-- that nobody's word frequencies tell anything about another tenant's documents.
create table tessera.term_stats (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  language text not null,
  term integer not null,
  chunks integer not null check (chunks > 0),
  primary key (tenant_id, language, term)
);

alter table tessera.term_stats enable row level security;
alter table tessera.term_stats force row level security;

create policy tenant_reads on tessera.term_stats for select to tessera_tenant, tessera_worker
  using (tenant_id = tessera.current_tenant());
create policy worker_inserts on tessera.term_stats for insert to tessera_worker
  with check (tenant_id = tessera.current_tenant());
create policy worker_updates on tessera.term_stats for update to tessera_worker
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
create policy worker_deletes on tessera.term_stats for delete to tessera_worker
  using (tenant_id = tessera.current_tenant());

grant select on tessera.term_stats to tessera_tenant;
grant select, insert, update (chunks), delete on tessera.term_stats to tessera_worker;

-- The number of chunks that the frequencies above were counted over.
create table tessera.corpus_stats (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  language text not null,
  chunks integer not null check (chunks >= 0),
  counted_at timestamptz not null default now(),
  -- Chunks that came since: a corpus that is rewritten need not grow.
  written integer not null default 0,
  primary key (tenant_id, language)
);

alter table tessera.corpus_stats enable row level security;
alter table tessera.corpus_stats force row level security;

create policy tenant_reads on tessera.corpus_stats for select to tessera_tenant, tessera_worker
  using (tenant_id = tessera.current_tenant());
create policy worker_inserts on tessera.corpus_stats for insert to tessera_worker
  with check (tenant_id = tessera.current_tenant());
create policy worker_updates on tessera.corpus_stats for update to tessera_worker
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
create policy worker_deletes on tessera.corpus_stats for delete to tessera_worker
  using (tenant_id = tessera.current_tenant());

grant select on tessera.corpus_stats to tessera_tenant;
grant select, insert, update (chunks, counted_at, written), delete on tessera.corpus_stats to tessera_worker;
