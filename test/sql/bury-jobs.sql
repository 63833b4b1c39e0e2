update "embedding_jobs"
set
  "dead_at" = now(),
  "last_error" = $1
where
  "tenant_id" = $2
  and "model_id" = $3
  and "chunk_id" = any ($4::uuid[])
