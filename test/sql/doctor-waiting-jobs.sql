select
  count(*)::integer as "waiting",
  coalesce(
    extract(
      epoch
      from
        now() - min(created_at)
    ),
    0
  )::float8 as "oldestSeconds",
  (
    count(*) filter (
      where
        attempts >= 5
    )
  )::integer as "failing"
from
  "embedding_jobs"
