update "embedding_jobs"
set
  "dead_at" = $1,
  "rejections" = $2,
  "attempts" = $3,
  "available_at" = now(),
  "job_id" = $4
where
  "tenant_id" = $5
  and "dead_at" is not null
returning
  "chunk_id" as "chunkId",
  "model_id" as "modelId"
