select
  "set"."documents",
  "set"."chunks"
from
  storage_limits () as "set"
