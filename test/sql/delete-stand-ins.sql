delete from "embeddings"
where
  "embeddings"."tenant_id" = $1
  and "embeddings"."model_id" = $2
  and "embeddings"."stand_in" > 0
  and "embeddings"."document_id" = any ($3::uuid[])
  and not exists (
    select
      "chunks"."id"
    from
      "chunks"
      inner join "embedding_jobs" on "embedding_jobs"."chunk_id" = "chunks"."id"
    where
      "chunks"."tenant_id" = $4
      and "chunks"."document_id" = "embeddings"."document_id"
      and "embedding_jobs"."tenant_id" = $5
      and "embedding_jobs"."model_id" = $6
  )
