update "documents"
set
  "content_hash" = "renewed"."hash"
from
  unnest($1::uuid[], $2::bytea[]) as renewed (id, hash)
where
  "documents"."tenant_id" = $3
  and "documents"."id" = "renewed"."id"
  and "documents"."content_hash" <> "renewed"."hash"
