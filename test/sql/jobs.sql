select
  "jobs"."id" as "id",
  jobs.kind as "kind",
  "jobs"."total",
  "jobs"."done",
  "jobs"."created_at" as "createdAt",
  "jobs"."updated_at" as "updatedAt",
  "outbox"."is_waiting" as "isWaiting",
  "outbox"."failed",
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
  "jobs"."tenant_id" = $1
order by
  "jobs"."id" desc
limit
  $2
