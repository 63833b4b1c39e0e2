select
  "documents"."id" as "id",
  "audiences"."users",
  "audiences"."groups"
from
  "documents"
  inner join "audiences" on "audiences"."id" = "documents"."audience"
where
  "documents"."tenant_id" = $1
  and "audiences"."tenant_id" = $2
  and "documents"."id" = any ($3::uuid[])
