select
  "chunks"."id" as "id",
  "chunks"."document_id" as "documentId",
  "chunks"."ordinal",
  "chunks"."text",
  "chunks"."context",
  "chunks"."start_offset" as "start",
  "chunks"."end_offset" as "end"
from
  (
    with
      "passage" as materialized (
        select
          "chunks"."id",
          "chunks"."document_id",
          "chunks"."ordinal",
          "chunks"."language",
          "chunks"."terms"
        from
          "chunks"
        where
          "chunks"."tenant_id" = $1
          and "chunks"."document_id" = any ($2::uuid[])
      ),
      "query" as materialized (
        select
          "q"."language",
          "q"."terms",
          "q"."weight",
          "q"."scale",
          "q"."rarest"
        from
          query_words ($3, $4::text[], $5::int, $6::int) as q
      ),
      "keyword" as materialized (
        select
          "id" as "item_id",
          "document_id",
          "id" as "chunk_id",
          - distance as "score",
          row_number() over (
            partition by
              document_id
            order by
              distance,
              ordinal
          ) as "rank"
        from
          (
            select
              "passage"."id",
              "passage"."document_id",
              "passage"."ordinal",
              (passage.terms <#> query.terms) * query.scale as "distance"
            from
              "passage"
              inner join "query" on "query"."language" = "passage"."language"
            where
              (passage.terms <#> query.terms) < 0
          ) as "distances"
      ),
      "fused" as materialized (
        select
          "item_id",
          "document_id",
          "chunk_id",
          "score",
          null::float8 as "vector_score",
          "score" as "keyword_score"
        from
          "keyword"
      )
    select
      "passage"."id",
      row_number() over (
        partition by
          passage.document_id
        order by
          fused.score desc nulls last,
          passage.ordinal
      ) as "rank"
    from
      "passage"
      left join "fused" on "fused"."chunk_id" = "passage"."id"
  ) as "ranked"
  inner join "chunks" on "chunks"."id" = "ranked"."id"
where
  "chunks"."tenant_id" = $7
  and "ranked"."rank" <= $8
order by
  "documentId",
  "ranked"."rank"
