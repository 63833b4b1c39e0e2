with
  "example" as (
    select
      l2_normalize (mean.vector) as "full_vector",
      l2_normalize (subvector (mean.vector, 1, 256))::halfvec as "coarse"
    from
      (
        select
          avg(embeddings.full_vector) as "vector"
        from
          "embeddings"
          inner join "documents" on "documents"."id" = "embeddings"."document_id"
        where
          "embeddings"."tenant_id" = $1
          and "embeddings"."model_id" = $2
          and "documents"."tenant_id" = $3
          and embeddings.document_id = $4::uuid
      ) as "mean"
    where
      vector_norm (subvector (mean.vector, 1, 256)) > 0
  )
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
          min(
            embeddings.full_vector <#> (
              select
                example.full_vector
              from
                example
            )::vector
          ) as "distance"
        from
          "embeddings"
        where
          "embeddings"."tenant_id" = $5
          and "embeddings"."model_id" = $6
          and "embeddings"."chunk_id" = "chunks"."id"
      ) as "nearest" on true
    where
      "chunks"."tenant_id" = $7
      and "chunks"."document_id" = any ($8::uuid[])
  ) as "ranked"
where
  "rank" <= $9
order by
  "documentId",
  "rank"
