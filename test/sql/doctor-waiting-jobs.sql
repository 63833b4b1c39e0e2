select
  (j.tenant_id, j.model_id) in (
    select
      *
    from
      unnest($1::text[], $2::smallint[])
  ) as "isBeside",
  (
    count(*) filter (
      where
        j.dead_at is null
    )
  )::integer as waiting,
  coalesce(
    extract(
      epoch
      from
        now() - min(j.created_at) filter (
          where
            j.dead_at is null
        )
    ),
    0
  )::float8 as "oldestSeconds",
  (
    count(*) filter (
      where
        j.dead_at is null
        and j.attempts >= 5
    )
  )::integer as failing,
  (
    count(*) filter (
      where
        j.dead_at is not null
    )
  )::integer as dead
from
  embedding_jobs j
group by
  1
