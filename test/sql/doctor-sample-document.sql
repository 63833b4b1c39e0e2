select
  "documents"."id" as "id",
  "documents"."collection",
  collections.attributes as "attributes"
from
  "embeddings"
  inner join "documents" on "documents"."id" = "embeddings"."document_id"
  left join "collections" on "collections"."tenant_id" = $1
  and "collections"."name" = "documents"."collection"
where
  "embeddings"."tenant_id" = $2
  and "embeddings"."model_id" = $3
  and "documents"."tenant_id" = $4
limit
  $5
