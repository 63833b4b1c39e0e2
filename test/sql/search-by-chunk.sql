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
      "chunk_id" as "item_id",
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
          on ("chunk_id") "document_id",
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
          "chunk_id",
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
      "chunk_id" as "item_id",
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
          on ("chunk_id") "document_id",
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
          "chunk_id",
          "distance"
      ) as "best"
  ),
  "fused" as materialized (
    select
      coalesce(s.item_id, k.item_id) as "item_id",
      coalesce(s.document_id, k.document_id) as "document_id",
      case
        when coalesce(
          2 * k.score / (
            select
              max(score)
            from
              keyword
          ),
          0
        ) > case
          when s.score is null then 0
          else 1 * coalesce(
            (
              s.score - (
                select
                  min(score)
                from
                  semantic
              )
            ) / nullif(
              (
                select
                  max(score)
                from
                  semantic
              ) - (
                select
                  min(score)
                from
                  semantic
              ),
              0
            ),
            1
          )
        end then k.chunk_id
        else s.chunk_id
      end as "chunk_id",
      (
        coalesce(
          2 * k.score / (
            select
              max(score)
            from
              keyword
          ),
          0
        ) + case
          when s.score is null then 0
          else 1 * coalesce(
            (
              s.score - (
                select
                  min(score)
                from
                  semantic
              )
            ) / nullif(
              (
                select
                  max(score)
                from
                  semantic
              ) - (
                select
                  min(score)
                from
                  semantic
              ),
              0
            ),
            1
          )
        end
      ) / 3 as "score",
      "s"."score" as "vector_score",
      "k"."score" as "keyword_score"
    from
      "semantic" as "s"
      full join "keyword" as "k" on "k"."item_id" = "s"."item_id"
  ),
  "aged" as materialized (
    select
      "fused"."item_id",
      "fused"."document_id",
      "fused"."chunk_id",
      case
        when fused.score > 0 then fused.score * (
          1 - $15::float8 + $16::float8 * power(
            0.5,
            greatest(
              0,
              extract(
                epoch
                from
                  now() - documents.updated_at
              ) / 86400
            ) / $17::float8
          )
        )
        else fused.score
      end as "score",
      "fused"."vector_score",
      "fused"."keyword_score"
    from
      "fused"
      inner join "documents" on "documents"."id" = "fused"."document_id"
    where
      "documents"."tenant_id" = $18
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
          "aged"
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
          documents.tenant_id = $19
          and documents.id = ranked.document_id
      )
    limit
      $20
  )
select
  "documents"."id" as "id",
  "documents"."collection",
  "documents"."external_id" as "externalId",
  "documents"."title",
  "documents"."url",
  "documents"."metadata",
  "documents"."status",
  documents.language as "language",
  "documents"."version",
  "documents"."created_at" as "createdAt",
  "documents"."updated_at" as "updatedAt",
  "documents"."expires_at" as "expiresAt",
  page.item_id as "itemId",
  "page"."score",
  "page"."vector_score" as "vectorScore",
  "page"."keyword_score" as "keywordScore",
  "chunks"."id" as "chunkId",
  "chunks"."ordinal",
  "chunks"."context",
  "chunks"."text",
  "chunks"."start_offset" as "startOffset",
  "chunks"."end_offset" as "endOffset",
  "vectors"."embeddedAt",
  "vectors"."hasStandIn",
  "vectors"."vector"
from
  "page"
  inner join "documents" on "documents"."id" = "page"."document_id"
  inner join "chunks" on "chunks"."id" = "page"."chunk_id"
  inner join lateral (
    select
      max(embeddings.created_at) filter (
        where
          embeddings.stand_in = 0
      ) as "embeddedAt",
      coalesce(bool_or(embeddings.stand_in > 0), false) as "hasStandIn",
      max(embeddings.full_vector::text) filter (
        where
          embeddings.stand_in = 0
      ) as "vector"
    from
      "embeddings"
    where
      "embeddings"."tenant_id" = $21
      and "embeddings"."model_id" = $22
      and embeddings.chunk_id = page.chunk_id
  ) as "vectors" on true
where
  "documents"."tenant_id" = $23
  and "chunks"."tenant_id" = $24
  and (
    select
      require_active_model ($25)
  )
order by
  "page"."score" desc,
  "page"."item_id" desc
