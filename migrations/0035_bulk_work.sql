-- What an edit leaves to embed is not to wait behind all of its own tenant's bulk load. Bulk is what says nothing: fillings of
-- models, passages that are embedded anew, what is queued to mend. Small writes say that they are none.
alter table tessera.embedding_jobs add column is_bulk boolean not null default true;

-- Of each tenant the oldest of both is looked for.
drop index tessera.embedding_jobs_available;
create index embedding_jobs_available on tessera.embedding_jobs (model_id, tenant_id, is_bulk, available_at) where dead_at is null;

grant insert (is_bulk) on tessera.embedding_jobs to tessera_tenant;
