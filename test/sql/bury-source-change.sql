update "source_changes"
set
  "attempts" = attempts + 1,
  "reason" = $1,
  "dead_at" = now()
where
  "tenant_id" = $2
  and "source" = $3
  and "key" = $4
  and "seq" = $5
