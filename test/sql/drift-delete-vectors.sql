delete from "embeddings"
where
  "tenant_id" = $1
  and (chunk_id, model_id) in (
    select
      *
    from
      unnest($2::uuid[], $3::smallint[])
  )
