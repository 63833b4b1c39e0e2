select
  (
    count(*) filter (
      where
        dead_at is null
    )
  )::integer as "waiting",
  coalesce(
    extract(
      epoch
      from
        now() - min(created_at) filter (
          where
            dead_at is null
        )
    ),
    0
  )::float8 as "oldestSeconds",
  (
    count(*) filter (
      where
        dead_at is null
        and attempts >= 5
    )
  )::integer as "failing",
  (
    count(*) filter (
      where
        dead_at is not null
    )
  )::integer as "dead"
from
  "embedding_jobs"
