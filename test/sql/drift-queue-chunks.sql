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
  and not exists (
    select
    from
      "embeddings" x
    where
      x.tenant_id = $5
      and x.chunk_id = chunks.id
      and x.model_id = tenant_models.model_id
      and x.stand_in = 0
  )
  and not exists (
    select
    from
      "unembeddable_chunks" x
    where
      x.tenant_id = $6
      and x.chunk_id = chunks.id
      and x.model_id = tenant_models.model_id
  )
for key share of
  "chunks"
on conflict do nothing
