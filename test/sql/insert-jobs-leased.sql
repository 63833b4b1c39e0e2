insert into
  "embedding_jobs" (
    "tenant_id",
    "model_id",
    "chunk_id",
    "audience",
    "job_id",
    "is_bulk",
    "available_at"
  )
select
  "chunks"."tenant_id",
  "tenant_models"."model_id",
  "chunks"."id",
  "chunks"."audience",
  case
    when tenant_models.role = 'active' then $1::uuid
  end as "job_id",
  $2::boolean as "is_bulk",
  case
    when tenant_models.role = 'active' then now() + make_interval(secs => $3)
    else now()
  end as "available_at"
from
  "chunks"
  inner join "tenant_models" on "tenant_models"."tenant_id" = "chunks"."tenant_id"
where
  "chunks"."tenant_id" = $4
  and "chunks"."id" = any ($5::uuid[])
  and "tenant_models"."tenant_id" = $6
  and "tenant_models"."role" in ('active', 'candidate')
