select
  "chunks"."document_id" as "id",
  count(*)::int as "pending"
from
  "embedding_jobs"
  inner join "chunks" on "chunks"."tenant_id" = "embedding_jobs"."tenant_id"
  and "chunks"."id" = "embedding_jobs"."chunk_id"
where
  "embedding_jobs"."tenant_id" = $1
  and "embedding_jobs"."dead_at" is null
  and "embedding_jobs"."model_id" = (
    select
      tenant_models.model_id
    from
      tenant_models
    where
      tenant_models.tenant_id = $2
      and tenant_models.role = 'active'
  )
  and "chunks"."tenant_id" = $3
  and "chunks"."document_id" = any ($4::uuid[])
group by
  "chunks"."document_id"
