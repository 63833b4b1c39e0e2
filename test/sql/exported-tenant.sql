select
  "id",
  "name"
from
  "tenants"
where
  "id" = $1
