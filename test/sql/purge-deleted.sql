with
  "due" as (
    select
      "documents"."tenant_id",
      "documents"."id"
    from
      "documents"
    where
      documents.deleted_at <= now() - make_interval(hours => $1)
      and "documents"."tenant_id" not in (
        select
          "tenants"."id"
        from
          "tenants"
        where
          "tenants"."status" <> $2
      )
    limit
      $3
  )
delete from "documents" using "due"
where
  "documents"."tenant_id" = "due"."tenant_id"
  and "documents"."id" = "due"."id"
returning
  "documents"."id"
