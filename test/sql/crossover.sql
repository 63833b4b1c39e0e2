select
  "value",
  "measured_at" as "measuredAt"
from
  "engine_settings"
where
  "name" = $1
