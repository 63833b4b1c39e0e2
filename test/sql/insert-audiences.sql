with
  "made" as (
    insert into
      "audiences" ("tenant_id", "users", "groups", "digest")
    values
      ($1, $2, $3, $4)
    on conflict ("tenant_id", "digest") do nothing
    returning
      "tenant_id",
      "id",
      "users",
      "groups"
  )
insert into
  "audience_members" ("tenant_id", "member", "audience")
select
  "tenant_id",
  'u:' || unnest("users") as "member",
  "id"
from
  "made"
union all
select
  "tenant_id",
  'g:' || unnest("groups") as "member",
  "id"
from
  "made"
