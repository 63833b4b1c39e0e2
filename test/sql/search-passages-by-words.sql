select
  "id",
  "documentId",
  "ordinal",
  "text",
  "context",
  "start",
  "end"
from
  (
    select
      "chunks"."id" as "id",
      "chunks"."document_id" as "documentId",
      "chunks"."ordinal",
      "chunks"."text",
      "chunks"."context",
      "chunks"."start_offset" as "start",
      "chunks"."end_offset" as "end",
      row_number() over (
        partition by
          chunks.document_id
        order by
          chunks.terms <#> q.terms,
          chunks.ordinal
      ) as "rank"
    from
      "chunks"
      inner join query_words ($1, $2::text[], $3::int, $4::int) as q on "q"."language" = "chunks"."language"
    where
      "chunks"."tenant_id" = $5
      and "chunks"."document_id" = any ($6::uuid[])
  ) as "ranked"
where
  "rank" <= $7
order by
  "documentId",
  "rank"
