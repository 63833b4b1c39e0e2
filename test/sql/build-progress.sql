select
  "phase",
  tuples_done::float8 as "chunksDone"
from
  "pg_catalog"."pg_stat_progress_create_index"
where
  "pid" = $1
