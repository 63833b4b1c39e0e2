select
  "collection" as "name",
  count(*)::int as "documents"
from
  "documents"
where
  "tenant_id" = $1
group by
  "collection"
order by
  "collection"
