select
  "phase",
  case
    when tuples_done > 0 then tuples_done::float8
    else round(
      coalesce(blocks_done::float8 / nullif(blocks_total, 0), 0) * $1::int
    )
  end as "chunksDone"
from
  "pg_catalog"."pg_stat_progress_create_index"
where
  "pid" = $2
