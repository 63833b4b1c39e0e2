with
  "due" as (
    select
      "documents"."tenant_id",
      "documents"."id"
    from
      "documents"
    where
      documents.expires_at <= now()
      and "documents"."tenant_id" not in (
        select
          "tenants"."id"
        from
          "tenants"
        where
          "tenants"."status" <> $1
      )
    limit
      $2
  )
delete from "documents" using "due"
where
  "documents"."tenant_id" = "due"."tenant_id"
  and "documents"."id" = "due"."id"
returning
  "documents"."id"
