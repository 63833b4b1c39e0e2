with
  "old" as (
    select
      "tenant_id",
      "id"
    from
      "audit_log"
    where
      "at" < now() - make_interval(days => $1)
    order by
      "at"
    limit
      $2
  )
delete from "audit_log" using "old"
where
  "audit_log"."tenant_id" = "old"."tenant_id"
  and "audit_log"."id" = "old"."id"
returning
  "audit_log"."id"
