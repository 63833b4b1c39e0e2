select
  "fingerprint",
  outcome as "outcome"
from
  "write_outcomes"
where
  "tenant_id" = $1
  and "subject" = $2
  and "key" = $3
