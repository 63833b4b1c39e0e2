-- Writes that leave no gap: vectors that stand in for others, and places of chunks that move.

-- An edited document keeps the old vectors of its changed passages until the last of the new ones is there. They are handed
-- over to the new passages at the places of the old: a vector with a number above 0 was made from a text that is gone, and
-- answers for its passage until the worker switches. Passages that did not change keep their rows, vectors and ids.
alter table tessera.embeddings add column stand_in integer not null default 0 check (stand_in >= 0);
alter table tessera.embeddings drop constraint embeddings_pkey,
  add constraint embeddings_pkey primary key (tenant_id, chunk_id, model_id, stand_in);

-- Few at any time: those of documents that are just being embedded anew.
create index embeddings_stand_ins on tessera.embeddings (tenant_id, document_id) where stand_in > 0;

-- Whoever writes documents may say which passage a vector answers for, and never what the vector is.
create policy tenant_updates on tessera.embeddings for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
grant update (chunk_id, stand_in) on tessera.embeddings to tessera_tenant;

-- The switch, and the vectors of texts that are embedded anew.
create policy worker_deletes on tessera.embeddings for delete to tessera_worker
  using (tenant_id = tessera.current_tenant());
grant delete on tessera.embeddings to tessera_worker;
create policy worker_deletes on tessera.unembeddable_chunks for delete to tessera_worker
  using (tenant_id = tessera.current_tenant());
grant delete on tessera.unembeddable_chunks to tessera_worker;

-- A paragraph that comes moves all that follow: their places change, and nothing else of them. The places of a document
-- are unique when its transaction ends; on the way there they are not.
alter table tessera.chunks drop constraint chunks_tenant_id_document_id_ordinal_key,
  add constraint chunks_tenant_id_document_id_ordinal_key unique (tenant_id, document_id, ordinal) deferrable initially deferred;

create policy tenant_updates on tessera.chunks for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
grant update (ordinal, start_offset, end_offset) on tessera.chunks to tessera_tenant;

-- What a write under an idempotency key came to, so that the same write sent again is answered and not done again. A key is
-- its sender's own; without the documents' texts: the fingerprint tells whether the same write is meant.
create table tessera.write_outcomes (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  subject text not null,
  key text not null check (length(key) between 1 and 255),
  fingerprint text not null,
  -- Null only inside the transaction that writes.
  outcome jsonb,
  created_at timestamptz not null default now(),
  primary key (tenant_id, subject, key)
);

create index write_outcomes_created_at on tessera.write_outcomes (created_at);

alter table tessera.write_outcomes enable row level security;
alter table tessera.write_outcomes force row level security;

create policy tenant_reads on tessera.write_outcomes for select to tessera_tenant, tessera_reader
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.write_outcomes for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy tenant_updates on tessera.write_outcomes for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
-- The worker clears away what is a day old, and sees no other.
create policy worker_reads_old on tessera.write_outcomes for select to tessera_worker
  using (created_at < now() - interval '1 day');
create policy worker_deletes_old on tessera.write_outcomes for delete to tessera_worker
  using (created_at < now() - interval '1 day');

grant select, insert (tenant_id, subject, key, fingerprint), update (outcome) on tessera.write_outcomes to tessera_tenant;
grant select on tessera.write_outcomes to tessera_reader;
grant select (tenant_id, created_at), delete on tessera.write_outcomes to tessera_worker;

-- A document that is deleted can be brought back for a while, and one that expires is gone by itself. Readers see neither from
-- that moment on, whatever they read by: it is the policy that hides them. Whoever writes sees them, to bring them back.
alter table tessera.documents
  add column expires_at timestamptz,
  add column deleted_at timestamptz,
  -- The job that has yet to clear its passages away: of a large deletion.
  add column deletion uuid;
grant update (expires_at, deleted_at, deletion) on tessera.documents to tessera_tenant;

create index documents_expiring on tessera.documents (expires_at) where expires_at is not null;
create index documents_deleted on tessera.documents (deleted_at) where deleted_at is not null;
create index documents_by_deletion on tessera.documents (tenant_id, deletion) where deletion is not null;

-- Besides what access lists hide. An exporter leaves it out, too: elsewhere it would be back.
alter policy reader_reads on tessera.documents using (
  tenant_id = tessera.current_tenant() and deleted_at is null and (expires_at is null or expires_at > now())
  and (audience = 0 or audience in (select tessera.permitted_audiences()))
);
alter policy exporter_reads on tessera.documents using (
  tenant_id = tessera.current_tenant() and deleted_at is null and (expires_at is null or expires_at > now())
);

-- Everything that the policy asks for, so that a collection's documents are still found in the index alone.
drop index tessera.documents_by_collection;
create index documents_by_collection on tessera.documents (tenant_id, collection, id) include (audience, deleted_at, expires_at);

-- The worker clears away what nobody sees any more, and sees nothing else of documents.
create policy worker_reads_gone on tessera.documents for select to tessera_worker
  using (deleted_at is not null or expires_at <= now());
create policy worker_deletes_gone on tessera.documents for delete to tessera_worker
  using (deleted_at is not null or expires_at <= now());
grant select (tenant_id, id, expires_at, deleted_at), delete on tessera.documents to tessera_worker;

select tessera.guard_tenant_tables();
