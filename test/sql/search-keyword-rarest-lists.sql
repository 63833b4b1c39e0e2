with
  "query" as materialized (
    select
      "q"."language",
      "q"."terms",
      "q"."weight",
      "q"."scale",
      "q"."rarest"
    from
      query_words ($1, $2::text[], $3::int, $4::int) as q
  ),
  "scored" as materialized (
    select
      "chunks"."document_id" as "document_id",
      "chunks"."id" as "chunk_id",
      (chunks.terms <#> query.terms) * query.scale as "distance"
    from
      "chunks"
      inner join "query" on "query"."language" = "chunks"."language"
    where
      "chunks"."tenant_id" = $5
      and "chunks"."audience" = any (
        array(
          select
            0
          union all
          select
            permitted_audiences ()
        )
      )
    limit
      $6
  ),
  "scored_count" as materialized (
    select
      count(*)::integer as "chunks"
    from
      "scored"
  ),
  "rarest_chunks" as materialized (
    select
      "best"."document_id",
      "best"."chunk_id",
      "best"."distance",
      "query"."language"
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
          "chunks"."tenant_id" = $7
          and "chunks"."language" = "query"."language"
          and "chunks"."audience" = any (
            array(
              select
                0
              union all
              select
                permitted_audiences ()
            )
          )
          and "chunks"."id" in (
            select
              keyword_best (query.language, query.rarest, query.terms, $8)
          )
        order by
          "distance"
        limit
          $9
      ) as "best" on true
    where
      "query"."rarest" is not null
      and (
        select
          chunks
        from
          scored_count
      ) > $10
  ),
  "keyword_chunks" as materialized (
    select
      "document_id",
      "chunk_id",
      "distance"
    from
      (
        select
          *
        from
          (
            select
              "document_id",
              "chunk_id",
              "distance"
            from
              "scored"
            where
              not (
                select
                  chunks
                from
                  scored_count
              ) > $11
            order by
              "distance"
            limit
              $12
          ) as "one_by_one"
        union
        select
          "document_id",
          "chunk_id",
          "distance"
        from
          "rarest_chunks"
        union
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
              "chunks"."tenant_id" = $13
              and "chunks"."language" = "query"."language"
              and "chunks"."audience" = any (
                array(
                  select
                    0
                  union all
                  select
                    permitted_audiences ()
                )
              )
            order by
              "distance"
            limit
              $14
          ) as "best" on true
        where
          (
            select
              chunks
            from
              scored_count
          ) > $15
          and (
            query.rarest is null
            or (
              (
                select
                  count(*)
                from
                  rarest_chunks
                where
                  rarest_chunks.language = query.language
              ) < $16
              and not (
                numnode(query.rarest) = 2 * length(lexemes (query.language, $17)) - 1
                and strpos(query.rarest::text, '&') = 0
              )
            )
          )
      ) as "either"
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
              "distance" < $18
          ) as "passage"
        order by
          "document_id",
          "distance"
      ) as "best"
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
      null::text as "vector"
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
order by
  "page"."score" desc,
  "page"."item_id" desc
