update "tenants"
set
  "name" = $1
where
  "id" = $2
  and "status" <> $3
returning
  "id"
