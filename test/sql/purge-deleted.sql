with
  "due" as (
    select
      "documents"."tenant_id",
      "documents"."id"
    from
      "documents"
    where
      documents.deleted_at <= now() - make_interval(hours => $1)
    limit
      $2
  )
delete from "documents" using "due"
where
  "documents"."tenant_id" = "due"."tenant_id"
  and "documents"."id" = "due"."id"
returning
  "documents"."id"
