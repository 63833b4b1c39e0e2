select
  "q"."language",
  q.rarest is not null as "byIndex"
from
  query_words ($1, $2::text[], $3::int, $4::int) as q
order by
  "q"."language"
