select
  "step"."state",
  "step"."rows"
from
  erase_tenant ($1, $2) as "step"
