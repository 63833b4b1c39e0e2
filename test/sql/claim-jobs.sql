with
  "claimed" as (
    select
      "tenant_id",
      "model_id",
      "chunk_id"
    from
      "embedding_jobs"
    where
      "model_id" = $1
      and "available_at" <= now()
      and "tenant_id" not in (
        select
          "tenants"."id"
        from
          "tenants"
        where
          "tenants"."status" <> $2
      )
    order by
      "available_at",
      "tenant_id"
    limit
      $3
    for update
      skip locked
  )
update "embedding_jobs"
set
  "attempts" = attempts + 1,
  "available_at" = now() + make_interval(secs => $4)
from
  "claimed"
where
  "embedding_jobs"."tenant_id" = "claimed"."tenant_id"
  and "embedding_jobs"."model_id" = "claimed"."model_id"
  and "embedding_jobs"."chunk_id" = "claimed"."chunk_id"
returning
  "embedding_jobs"."tenant_id" as "tenantId",
  "embedding_jobs"."chunk_id" as "chunkId",
  "embedding_jobs"."attempts"
