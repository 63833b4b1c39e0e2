select
  "jobs"."id" as "id",
  jobs.kind as "kind",
  "jobs"."total",
  "jobs"."done",
  "jobs"."created_at" as "createdAt",
  "jobs"."updated_at" as "updatedAt",
  exists (
    select
      "embedding_jobs"."chunk_id"
    from
      "embedding_jobs"
    where
      "embedding_jobs"."tenant_id" = $1
      and "embedding_jobs"."job_id" = "jobs"."id"
      and "embedding_jobs"."dead_at" is null
  ) as "isWaiting",
  (
    select
      count(*)::int as "failed"
    from
      "embedding_jobs"
    where
      "embedding_jobs"."tenant_id" = $2
      and "embedding_jobs"."job_id" = "jobs"."id"
      and "embedding_jobs"."dead_at" is not null
  ) as "failed",
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
where
  "jobs"."tenant_id" = $3
  and "jobs"."id" = any ($4::uuid[])
order by
  "jobs"."id" desc
limit
  $5
