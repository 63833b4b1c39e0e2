update "chunks"
set
  "content_hash" = h.hash
from
  unnest($1::uuid[], $2::bytea[]) as h (id, hash)
where
  "chunks"."tenant_id" = $3
  and chunks.id = h.id
