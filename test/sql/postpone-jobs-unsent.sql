update "embedding_jobs"
set
  "available_at" = now() + make_interval(secs => $1::float8),
  "last_error" = $2,
  "attempts" = greatest(attempts - 1, 0)
where
  "tenant_id" = $3
  and "model_id" = $4
  and "chunk_id" = any ($5::uuid[])
