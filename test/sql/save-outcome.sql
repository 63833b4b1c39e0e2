update "write_outcomes"
set
  "outcome" = $1
where
  "tenant_id" = $2
  and "subject" = $3
  and "key" = $4
