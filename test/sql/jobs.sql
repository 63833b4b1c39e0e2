select
  "jobs"."id" as "id",
  jobs.kind as "kind",
  "jobs"."total",
  "jobs"."done",
  "jobs"."created_at" as "createdAt",
  "jobs"."updated_at" as "updatedAt",
  "outbox"."is_waiting" as "isWaiting",
  "outbox"."failed",
  jobs.kind = 'backfill'
  and exists (
    (
      select
      from
        "tenant_models"
      where
        "tenant_models"."tenant_id" = $1
        and "tenant_models"."job_id" = "jobs"."id"
        and "tenant_models"."filled_at" is null
        and "tenant_models"."role" <> $2
    )
  ) as "isFilling",
  extract(
    epoch
    from
      now() - jobs.created_at
  )::float8 as "ageSeconds",
  extract(
    epoch
    from
      jobs.updated_at - jobs.created_at
  )::float8 as "busySeconds"
from
  "jobs"
  inner join lateral job_outbox (jobs.id) as outbox (is_waiting, failed) on true
where
  "jobs"."tenant_id" = $3
order by
  "jobs"."id" desc
limit
  $4
