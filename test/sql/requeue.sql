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
  and "chunk_id" = any ($6::uuid[])
  and exists (
    select
    from
      unnest($7::uuid[], $8::smallint[]) l (chunk_id, model_id)
    where
      l.chunk_id = embedding_jobs.chunk_id
      and coalesce(l.model_id, embedding_jobs.model_id) = embedding_jobs.model_id
  )
returning
  "chunk_id" as "chunkId",
  "model_id" as "modelId"
