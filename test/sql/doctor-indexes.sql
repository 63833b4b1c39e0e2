select
  c.relname as name,
  t.relname as "table",
  i.indisvalid as valid,
  pg_relation_size(c.oid)::float8 as "sizeBytes"
from
  pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_class t on t.oid = i.indrelid
where
  c.relnamespace = 'tessera'::regnamespace
order by
  c.relname
