delete from "embedding_jobs"
where
  "tenant_id" = $1
  and "model_id" = $2
  and "chunk_id" = any ($3::uuid[])
returning
  "chunk_id" as "chunkId",
  "job_id" as "jobId",
  extract(
    epoch
    from
      clock_timestamp() - created_at
  )::float8 as "waitedSeconds"
