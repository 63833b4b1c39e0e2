with
  "offered" as materialized (
    select
      "o"."draw",
      "o"."mode",
      "o"."text"
    from
      unnest($1::float8[], $2::text[], $3::text[]) as o (draw, mode, text)
  ),
  "bound" as materialized (
    select
      "drawn"."draw"
    from
      (
        select
          "draw"
        from
          "query_samples"
        where
          "tenant_id" = $4
        union all
        select
          "offered"."draw"
        from
          "offered"
      ) as "drawn"
    order by
      "drawn"."draw"
    limit
      $5
    offset
      $6
  ),
  "dropped" as (
    delete from "query_samples"
    where
      "tenant_id" = $7
      and "draw" > (
        select
          draw
        from
          bound
      )
  ),
  "added" as (
    insert into
      "query_samples" ("tenant_id", "draw", "mode", "text")
    select
      $8 as "tenant_id",
      "offered"."draw",
      "offered"."mode",
      "offered"."text"
    from
      "offered"
    where
      "offered"."draw" <= coalesce(
        (
          select
            draw
          from
            bound
        ),
        1
      )
    on conflict do nothing
  )
select
  (
    select
      draw
    from
      bound
  ) as "mostDraw"
