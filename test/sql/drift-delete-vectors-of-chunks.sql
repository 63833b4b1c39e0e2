delete from "embeddings"
where
  "tenant_id" = $1
  and "chunk_id" = any ($2::uuid[])
