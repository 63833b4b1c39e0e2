select
  left(
    regexp_replace(chunks.text, '([.!?])\s.*$', '\1', 's'),
    200
  ) as "text"
from
  "chunks"
where
  "tenant_id" = $1
  and chunks.text ~ '\w'
order by
  md5(chunks.id::text || $2::text)
limit
  $3
