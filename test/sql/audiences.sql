select
  "id",
  "digest"
from
  "audiences"
where
  "tenant_id" = $1
  and "digest" = any ($2::bytea[])
