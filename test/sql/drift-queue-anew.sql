insert into
  "embedding_jobs" ("tenant_id", "model_id", "chunk_id", "audience")
select
  "chunks"."tenant_id",
  "tenant_models"."model_id",
  "chunks"."id",
  "chunks"."audience"
from
  "chunks"
  inner join "tenant_models" on "tenant_models"."tenant_id" = "chunks"."tenant_id"
where
  "chunks"."tenant_id" = $1
  and "tenant_models"."role" in ($2, $3)
  and "chunks"."id" = any ($4::uuid[])
for key share of
  "chunks"
on conflict do nothing
