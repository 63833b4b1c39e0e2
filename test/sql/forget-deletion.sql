update "documents"
set
  "deletion" = $1
where
  "tenant_id" = $2
  and "deletion" = $3
