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
      "semantic" as materialized (
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
              "nearest"."distance"
            from
              "passage"
              inner join lateral (
                select
                  min(embeddings.full_vector <#> $3::vector) as "distance"
                from
                  "embeddings"
                where
                  "embeddings"."tenant_id" = $4
                  and "embeddings"."model_id" = $5
                  and embeddings.chunk_id = passage.id
              ) as "nearest" on true
            where
              "nearest"."distance" is not null
          ) as "distances"
      ),
      "fused" as materialized (
        select
          "item_id",
          "document_id",
          "chunk_id",
          "score",
          "score" as "vector_score",
          null::float8 as "keyword_score"
        from
          "semantic"
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
  "chunks"."tenant_id" = $6
  and "ranked"."rank" <= $7
order by
  "documentId",
  "ranked"."rank"
