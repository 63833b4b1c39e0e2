-- What a token's scopes let it read, as roles. tessera_reader reads for whoever has both search and documents:read, as ever.
--
--   tessera_searcher  search alone: titles, metadata, passages, words and vectors; of a document not its body, and no list of
--                     what else the tenant has
--   tessera_lister    documents:read alone: documents, and how they are kept; neither words nor vectors, so it cannot search
--   tessera_author    documents:write alone, and what only writers are told: documents without their bodies, access lists, jobs
--   tessera_caller    none of them: whether its tenant is served, and nothing else
--
-- Each is named in the policies and grants of what it reads: none inherits another, so what one may see stands where it is
-- granted. Policies are shared, so the roles see the same rows and differ in tables and columns only.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['tessera_searcher', 'tessera_lister', 'tessera_author', 'tessera_caller'] loop
    begin
      execute format('create role %I nologin noinherit', role_name);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

grant tessera_searcher, tessera_lister, tessera_author, tessera_caller to tessera_gateway;
grant usage on schema tessera to tessera_searcher, tessera_lister, tessera_author, tessera_caller;

-- Whether the tenant is served: the last statement of every scope asks it.
alter policy tenant_reads_itself on tessera.tenants
  to tessera_reader, tessera_tenant, tessera_worker, tessera_searcher, tessera_lister, tessera_author, tessera_caller;
grant select (id, status) on tessera.tenants to tessera_searcher, tessera_lister, tessera_author, tessera_caller;
alter policy tenant_reads on tessera.tenant_deletions
  to tessera_admin, tessera_reader, tessera_tenant, tessera_searcher, tessera_lister, tessera_author, tessera_caller;
grant select (tenant_id, finished_at, lifted_at) on tessera.tenant_deletions
  to tessera_searcher, tessera_lister, tessera_author, tessera_caller;

-- Documents, and how many of their chunks still wait.
alter policy reader_reads on tessera.documents to tessera_reader, tessera_searcher, tessera_lister, tessera_author;
grant select (tenant_id, id, collection, external_id, title, url, metadata, language, version, created_at, updated_at, status,
  audience, expires_at) on tessera.documents to tessera_searcher, tessera_author;
grant select on tessera.documents to tessera_lister;
alter policy reader_reads on tessera.chunks to tessera_reader, tessera_searcher, tessera_lister, tessera_author;
grant select on tessera.chunks to tessera_searcher;
grant select (tenant_id, id, document_id, ordinal) on tessera.chunks to tessera_lister, tessera_author;
alter policy reader_reads on tessera.embedding_jobs to tessera_reader, tessera_searcher, tessera_lister, tessera_author;
grant select (tenant_id, model_id, chunk_id, dead_at) on tessera.embedding_jobs to tessera_searcher, tessera_author;
grant select on tessera.embedding_jobs to tessera_lister;
alter policy tenant_reads_itself on tessera.tenant_models
  to tessera_reader, tessera_tenant, tessera_worker, tessera_searcher, tessera_lister, tessera_author;
grant select on tessera.tenant_models to tessera_searcher, tessera_lister, tessera_author;
alter policy reader_reads on tessera.document_attributes to tessera_reader, tessera_searcher, tessera_lister;
grant select on tessera.document_attributes to tessera_searcher, tessera_lister;

-- Searching.
alter policy reader_reads on tessera.embeddings to tessera_reader, tessera_searcher;
alter policy tenant_reads on tessera.term_stats to tessera_reader, tessera_tenant, tessera_worker, tessera_searcher;
alter policy tenant_reads on tessera.corpus_stats to tessera_reader, tessera_tenant, tessera_worker, tessera_searcher;
alter policy tenant_reads on tessera.recall_curves to tessera_reader, tessera_tenant, tessera_searcher;
grant select on tessera.embeddings, tessera.term_stats, tessera.corpus_stats, tessera.recall_curves to tessera_searcher;

-- What the tenant has besides, and how it is kept.
alter policy tenant_reads on tessera.collections to tessera_reader, tessera_tenant, tessera_lister;
alter policy reader_reads on tessera.unembeddable_chunks to tessera_reader, tessera_lister;
alter policy everyone_reads on tessera.models
  to tessera_tenant, tessera_reader, tessera_worker, tessera_operator, tessera_exporter, tessera_lister;
grant select on tessera.collections, tessera.unembeddable_chunks, tessera.models to tessera_lister;
alter policy tenant_reads on tessera.source_changes to tessera_tenant, tessera_reader, tessera_lister;
grant select (tenant_id, source, key, seq, kind, collection, noted_at, attempts, available_at, reason, dead_at)
  on tessera.source_changes to tessera_lister;

-- What a writer is told of its writes.
alter policy tenant_reads on tessera.jobs to tessera_reader, tessera_tenant, tessera_lister, tessera_author;
grant select on tessera.jobs to tessera_lister, tessera_author;
alter policy reader_reads on tessera.audiences to tessera_reader, tessera_author;
grant select (tenant_id, id, users, groups) on tessera.audiences to tessera_author;

-- Only the owner of a function grants it: see migration access.
grant tessera_audience, tessera_keyword, tessera_counter to current_user;
grant execute on function tessera.permitted_audiences() to tessera_searcher, tessera_lister, tessera_author;
grant execute on function tessera.has_access_lists() to tessera_searcher;
grant execute on function tessera.keyword_matches(text, tsquery), tessera.keyword_best(text, tsquery, sparsevec, integer),
  tessera.tenant_languages() to tessera_searcher;
grant execute on function tessera.job_outbox(uuid) to tessera_lister, tessera_author;
revoke tessera_audience, tessera_keyword, tessera_counter from current_user;

-- What came of a write is its sender's own; a colleague's names documents that an access list may hide.
alter policy tenant_reads on tessera.write_outcomes
  using (tenant_id = tessera.current_tenant() and subject = current_setting('tessera.subject', true));
alter policy tenant_inserts on tessera.write_outcomes
  with check (tenant_id = tessera.current_tenant() and subject = current_setting('tessera.subject', true));
alter policy tenant_updates on tessera.write_outcomes
  using (tenant_id = tessera.current_tenant() and subject = current_setting('tessera.subject', true))
  with check (tenant_id = tessera.current_tenant() and subject = current_setting('tessera.subject', true));
