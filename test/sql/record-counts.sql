update "tenant_models"
set
  "chunk_count" = "counted"."chunks",
  "counted_at" = now()
from
  (
    select
      "known"."tenant_id",
      "known"."model_id",
      coalesce(counts.chunks, 0) as "chunks"
    from
      "tenant_models" as "known"
      left join tessera.embedding_counts () as counts on "counts"."tenant_id" = "known"."tenant_id"
      and "counts"."model_id" = "known"."model_id"
  ) as "counted"
where
  "tenant_models"."tenant_id" = "counted"."tenant_id"
  and "tenant_models"."model_id" = "counted"."model_id"
  and "tenant_models"."chunk_count" is distinct from "counted"."chunks"
