update "source_changes"
set
  "attempts" = attempts + 1,
  "available_at" = now() + make_interval(secs => least(2 ^ least(attempts + 1, 12), 3600)),
  "reason" = $1,
  "dead_at" = case
    when attempts + 1 >= $2 then now()
  end
where
  "tenant_id" = $3
  and "source" = $4
  and "key" = $5
  and "seq" = $6
