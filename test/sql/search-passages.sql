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
          nearest.distance,
          chunks.ordinal
      ) as "rank"
    from
      "chunks"
      inner join lateral (
        select
          min(embeddings.full_vector <#> $1::vector) as "distance"
        from
          "embeddings"
        where
          "embeddings"."tenant_id" = $2
          and "embeddings"."model_id" = $3
          and "embeddings"."chunk_id" = "chunks"."id"
      ) as "nearest" on true
    where
      "chunks"."tenant_id" = $4
      and "chunks"."document_id" = any ($5::uuid[])
  ) as "ranked"
where
  "rank" <= $6
order by
  "documentId",
  "rank"
