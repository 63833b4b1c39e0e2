delete from "source_changes"
where
  "tenant_id" = $1
  and "source" = $2
  and "seq" <= $3
