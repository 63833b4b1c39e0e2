update "jobs"
set
  "total" = total + $1::integer,
  "done" = done + $2::integer,
  "updated_at" = now()
where
  "tenant_id" = $3
  and "id" = $4
