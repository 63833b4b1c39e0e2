-- What the worker may do to bring chunks and vectors back in step, one tenant at a time.

create policy worker_inserts on tessera.embedding_jobs for insert to tessera_worker
  with check (tenant_id = tessera.current_tenant());
grant insert (tenant_id, model_id, chunk_id, audience) on tessera.embedding_jobs to tessera_worker;

create policy worker_updates on tessera.chunks for update to tessera_worker
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
grant update (content_hash) on tessera.chunks to tessera_worker;
