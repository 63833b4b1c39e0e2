select
  pg_has_role(c.relowner, 'usage') as "mayBuild",
  pg_backend_pid() as "pid",
  current_user::text as "login"
from
  "pg_catalog"."pg_class" as "c"
  inner join "pg_catalog"."pg_namespace" as "n" on "n"."oid" = "c"."relnamespace"
where
  "n"."nspname" = 'tessera'
  and "c"."relname" = 'embeddings'
