select
  "text",
  count(*) over ()::integer as "kept"
from
  "query_samples"
where
  "tenant_id" = $1
order by
  md5(draw::text || $2::text)
limit
  $3
