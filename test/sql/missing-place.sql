with
  "candidates" as materialized (
    select
      "chunk_id" as "chunk_id"
    from
      "embeddings"
    where
      "tenant_id" = $1
      and "model_id" = $2
    order by
      coarse <#> $3::halfvec
    limit
      $4
  ),
  "semantic" as materialized (
    select
      "document_id" as "item_id",
      "document_id",
      "chunk_id",
      - distance as "score",
      row_number() over (
        order by
          distance,
          chunk_id
      ) as "rank"
    from
      (
        select distinct
          on ("document_id") "document_id",
          "chunk_id",
          "distance"
        from
          (
            select
              "embeddings"."document_id" as "document_id",
              "embeddings"."chunk_id" as "chunk_id",
              embeddings.full_vector <#> $5::vector as "distance"
            from
              "candidates"
              inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
            where
              "embeddings"."tenant_id" = $6
              and "embeddings"."model_id" = $7
          ) as "passage"
        order by
          "document_id",
          "distance"
      ) as "best"
  ),
  "query" as materialized (
    select
      "q"."language",
      "q"."terms",
      "q"."weight",
      "q"."scale",
      "q"."rarest"
    from
      query_words ($8, $9::text[], $10::int, $11::int) as q
  ),
  "keyword_chunks" as materialized (
    select
      "best"."document_id",
      "best"."chunk_id",
      "best"."distance"
    from
      "query"
      inner join lateral (
        select
          "chunks"."document_id" as "document_id",
          "chunks"."id" as "chunk_id",
          (chunks.terms <#> query.terms) * query.scale as "distance"
        from
          "chunks"
        where
          "chunks"."tenant_id" = $12
          and "chunks"."language" = "query"."language"
        order by
          "distance"
        limit
          $13
      ) as "best" on true
  ),
  "keyword" as materialized (
    select
      "document_id" as "item_id",
      "document_id",
      "chunk_id",
      - distance as "score",
      row_number() over (
        order by
          distance,
          chunk_id
      ) as "rank"
    from
      (
        select distinct
          on ("document_id") "document_id",
          "chunk_id",
          "distance"
        from
          (
            select
              "document_id",
              "chunk_id",
              "distance"
            from
              "keyword_chunks"
            where
              "distance" < $14
          ) as "passage"
        order by
          "document_id",
          "distance"
      ) as "best"
  ),
  "fused" as materialized (
    select
      coalesce(s.item_id, k.item_id) as "item_id",
      coalesce(s.document_id, k.document_id) as "document_id",
      case
        when coalesce(
          2 * power(
            least(
              1,
              k.score / nullif(
                (
                  select
                    max(weight)
                  from
                    query
                ),
                0
              )
            ),
            3
          ) / (60 + k.rank),
          0
        ) > coalesce(1::float8 / (60 + s.rank), 0) then k.chunk_id
        else s.chunk_id
      end as "chunk_id",
      (
        coalesce(
          2 * power(
            least(
              1,
              k.score / nullif(
                (
                  select
                    max(weight)
                  from
                    query
                ),
                0
              )
            ),
            3
          ) / (60 + k.rank),
          0
        ) + coalesce(1::float8 / (60 + s.rank), 0)
      ) / 0.04918032786885246 as "score",
      "s"."score" as "vector_score",
      "k"."score" as "keyword_score"
    from
      "semantic" as "s"
      full join "keyword" as "k" on "k"."item_id" = "s"."item_id"
  ),
  "page" as materialized (
    select
      "item_id",
      "document_id",
      "chunk_id",
      "score",
      "vector_score",
      "keyword_score"
    from
      (
        select
          "item_id",
          "document_id",
          "chunk_id",
          "score",
          "vector_score",
          "keyword_score"
        from
          "fused"
        order by
          "score" desc,
          "item_id" desc
        offset
          0
      ) as "ranked"
    where
      (
        select
          true
        from
          documents
        where
          documents.tenant_id = $15
          and documents.id = ranked.document_id
      )
    limit
      $16
  )
select
  "placed"."rank",
  "placed"."score"
from
  (
    select
      "document_id",
      "score",
      row_number() over (
        order by
          score desc,
          item_id desc
      )::int as "rank"
    from
      "page"
  ) as "placed"
where
  "placed"."document_id" = $17
  and (
    select
      require_active_model ($18)
  )
order by
  "placed"."rank"
limit
  $19
