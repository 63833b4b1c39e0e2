select
  "embeddings"."chunk_id" as "chunkId",
  "embeddings"."model_id" as "modelId",
  "embeddings"."stand_in" as "standIn",
  case
    when chunks.id is null then 'stray'
    when tenant_models.model_id is null then 'foreign'
    when embeddings.document_id <> chunks.document_id then 'misplaced'
    when vector_dims (full_vector) <> models.dimensions
    or abs(vector_norm (full_vector) - 1) >= 0.001
    or abs(l2_norm (coarse) - 1) >= 0.01
    or (
      coarse <#> l2_normalize (subvector (full_vector, 1, 256))::halfvec
    ) > -0.99 then 'malformed'
  end as "kind",
  "embeddings"."created_at" as "since"
from
  "embeddings"
  left join "chunks" on "chunks"."tenant_id" = $1
  and "chunks"."id" = "embeddings"."chunk_id"
  left join "tenant_models" on "tenant_models"."tenant_id" = $2
  and "tenant_models"."model_id" = "embeddings"."model_id"
  and "tenant_models"."emptied_at" is null
  inner join "models" on "models"."id" = "embeddings"."model_id"
where
  "embeddings"."tenant_id" = $3
  and (
    embeddings.chunk_id,
    embeddings.model_id,
    embeddings.stand_in
  ) > ($4::uuid, $5::smallint, $6::integer)
order by
  "embeddings"."chunk_id",
  "embeddings"."model_id",
  "embeddings"."stand_in"
limit
  $7
