insert into
  "jobs" ("tenant_id", "id", "kind", "total", "created_by")
values
  (
    $1,
    $2,
    $3,
    (
      select
        count(*)::integer as "count"
      from
        "chunks"
      where
        "tenant_id" = $4
    ),
    $5
  )
