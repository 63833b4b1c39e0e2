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
          chunks.terms <#> query_terms ($1, $2),
          chunks.ordinal
      ) as "rank"
    from
      "chunks"
    where
      "chunks"."tenant_id" = $3
      and "chunks"."document_id" = any ($4::uuid[])
  ) as "ranked"
where
  "rank" <= $5
order by
  "documentId",
  "rank"
