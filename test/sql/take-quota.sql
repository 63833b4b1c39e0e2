select
  "taken"."granted",
  "taken"."used",
  "taken"."ends_in_ms" as "endsInMs"
from
  take_quota ($1::uuid, $2, $3, $4, $5, $6) as "taken"
