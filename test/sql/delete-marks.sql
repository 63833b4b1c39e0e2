delete from "unembeddable_chunks"
where
  "tenant_id" = $1
  and "model_id" = $2
  and "chunk_id" in (
    select
      "embedding_jobs"."chunk_id"
    from
      "embedding_jobs"
    where
      "embedding_jobs"."tenant_id" = $3
      and "embedding_jobs"."model_id" = $4
      and "embedding_jobs"."chunk_id" = any ($5::uuid[])
  )
