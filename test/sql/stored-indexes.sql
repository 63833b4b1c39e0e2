select
  "c"."relname" as "name",
  "i"."indisvalid" as "valid",
  pg_relation_size(c.oid)::float8 as "sizeBytes"
from
  "pg_catalog"."pg_index" as "i"
  inner join "pg_catalog"."pg_class" as "c" on "c"."oid" = "i"."indexrelid"
where
  "i"."indrelid" = 'tessera.embeddings'::regclass
  and "c"."relname" ~ $1
order by
  "c"."relname"
