select
  "models"."name" as "model",
  (
    count(j.chunk_id) filter (
      where
        j.dead_at is null
    )
  )::integer as "waiting",
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
  (count(j.dead_at))::integer as "dead"
from
  "models"
  left join "embedding_jobs" as "j" on "j"."model_id" = "models"."id"
group by
  "models"."name"
order by
  "models"."name"
