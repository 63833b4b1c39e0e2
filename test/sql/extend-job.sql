update "jobs"
set
  "total" = total + $1,
  "updated_at" = now()
where
  "tenant_id" = $2
  and "id" = $3
  and "kind" = $4
returning
  "id" as "id"
