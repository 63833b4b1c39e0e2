with
  "selected" as materialized (
    select
      "documents"."id"
    from
      "documents"
    where
      "documents"."tenant_id" = $1
      and (
        (
          (starts_with(documents.title, $2))
          or ((documents.external_id is null)) is not true
        )
        and (documents.status <> $3)
        and (documents.created_at >= $4)
        and (
          exists (
            select
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $5
              and attribute.name = $6
              and "attribute"."number_value" is not null
              and attribute.document_id = documents.id
          )
          and exists (
            select
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $7
              and attribute.name = $8
              and "attribute"."number_value" is not null
              and attribute.document_id = documents.id
              and "attribute"."number_value" >= $9
          )
        )
        and not exists (
          select
          from
            document_attributes as attribute
          where
            attribute.tenant_id = $10
            and attribute.name = $11
            and "attribute"."date_value" is not null
            and attribute.document_id = documents.id
        )
        and (
          exists (
            select
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $12
              and attribute.name = $13
              and "attribute"."item_value" is not null
              and attribute.document_id = documents.id
              and attribute.item_value = any ($14)
          )
          and documents.id in (
            select
              attribute.document_id
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $15
              and attribute.name = $16
              and "attribute"."item_value" is not null
              and attribute.item_value = any ($17)
            group by
              attribute.document_id
            having
              count(*) = $18
          )
        )
        and (
          case
            when jsonb_typeof(documents.metadata -> $19) = 'number' then (documents.metadata ->> $20)::float8
          end >= $21
        )
        and (
          case
            when jsonb_typeof(documents.metadata -> $22) = 'string' then documents.metadata ->> $23
          end = any ($24)
        )
      )
      and "documents"."collection" = any ($25)
  ),
  "matching" as materialized (
    select
      "m"."chunk_id" as "chunk_id"
    from
      (
        select
          matching_chunks ($26)
      ) as m (chunk_id)
  ),
  "permitted" as materialized (
    select
      "each"."chunk_id",
      "each"."distance"
    from
      "selected"
      inner join lateral (
        select
          "chunk_id" as "chunk_id",
          (coarse <#> $27::halfvec) + 0 as "distance"
        from
          "embeddings"
        where
          "embeddings"."tenant_id" = $28
          and "embeddings"."model_id" = $29
          and "embeddings"."chunk_id" <> all ($30::uuid[])
          and embeddings.document_id = selected.id
          and (
            "embeddings"."chunk_id" in (
              select
                chunk_id
              from
                matching
            )
          ) is true
        offset
          0
      ) as "each" on true
    limit
      $31
  ),
  "counted" as materialized (
    select
      count(*)::integer as "permitted"
    from
      "permitted"
  ),
  "candidates" as materialized (
    select
      "chunk_id"
    from
      (
        select
          "chunk_id"
        from
          (
            select
              "chunk_id"
            from
              "permitted"
            where
              (
                select
                  permitted
                from
                  counted
              ) <= $32
            order by
              "distance"
            limit
              $33
          ) as "one_by_one"
        union all
        select
          "chunk_id"
        from
          (
            select
              "chunk_id" as "chunk_id"
            from
              "embeddings"
            where
              "embeddings"."tenant_id" = $34
              and "embeddings"."model_id" = $35
              and "embeddings"."chunk_id" <> all ($36::uuid[])
              and (
                select
                  permitted
                from
                  counted
              ) > $37
              and (
                (
                  select
                    true as "selected"
                  from
                    "documents"
                  where
                    "documents"."tenant_id" = $38
                    and (
                      (
                        (starts_with(documents.title, $39))
                        or ((documents.external_id is null)) is not true
                      )
                      and (documents.status <> $40)
                      and (documents.created_at >= $41)
                      and (
                        exists (
                          select
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $42
                            and attribute.name = $43
                            and "attribute"."number_value" is not null
                            and attribute.document_id = documents.id
                        )
                        and exists (
                          select
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $44
                            and attribute.name = $45
                            and "attribute"."number_value" is not null
                            and attribute.document_id = documents.id
                            and "attribute"."number_value" >= $46
                        )
                      )
                      and not exists (
                        select
                        from
                          document_attributes as attribute
                        where
                          attribute.tenant_id = $47
                          and attribute.name = $48
                          and "attribute"."date_value" is not null
                          and attribute.document_id = documents.id
                      )
                      and (
                        exists (
                          select
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $49
                            and attribute.name = $50
                            and "attribute"."item_value" is not null
                            and attribute.document_id = documents.id
                            and attribute.item_value = any ($51)
                        )
                        and documents.id in (
                          select
                            attribute.document_id
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $52
                            and attribute.name = $53
                            and "attribute"."item_value" is not null
                            and attribute.item_value = any ($54)
                          group by
                            attribute.document_id
                          having
                            count(*) = $55
                        )
                      )
                      and (
                        case
                          when jsonb_typeof(documents.metadata -> $56) = 'number' then (documents.metadata ->> $57)::float8
                        end >= $58
                      )
                      and (
                        case
                          when jsonb_typeof(documents.metadata -> $59) = 'string' then documents.metadata ->> $60
                        end = any ($61)
                      )
                    )
                    and "documents"."collection" = any ($62)
                    and documents.id = embeddings.document_id
                )
              )
              and (
                "embeddings"."chunk_id" in (
                  select
                    chunk_id
                  from
                    matching
                )
              ) is true
            order by
              coarse <#> $63::halfvec
            limit
              $64
          ) as "by_graph"
      ) as "either"
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
              embeddings.full_vector <#> $65::vector as "distance"
            from
              "candidates"
              inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
            where
              "embeddings"."tenant_id" = $66
              and "embeddings"."model_id" = $67
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
      query_words ($68, $69::text[], $70::int, $71::int) as q
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
          "chunks"."tenant_id" = $72
          and "chunks"."language" = "query"."language"
          and "document_id" in (
            select
              "documents"."id"
            from
              "documents"
            where
              "documents"."tenant_id" = $73
              and (
                (
                  (starts_with(documents.title, $74))
                  or ((documents.external_id is null)) is not true
                )
                and (documents.status <> $75)
                and (documents.created_at >= $76)
                and (
                  exists (
                    select
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $77
                      and attribute.name = $78
                      and "attribute"."number_value" is not null
                      and attribute.document_id = documents.id
                  )
                  and exists (
                    select
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $79
                      and attribute.name = $80
                      and "attribute"."number_value" is not null
                      and attribute.document_id = documents.id
                      and "attribute"."number_value" >= $81
                  )
                )
                and not exists (
                  select
                  from
                    document_attributes as attribute
                  where
                    attribute.tenant_id = $82
                    and attribute.name = $83
                    and "attribute"."date_value" is not null
                    and attribute.document_id = documents.id
                )
                and (
                  exists (
                    select
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $84
                      and attribute.name = $85
                      and "attribute"."item_value" is not null
                      and attribute.document_id = documents.id
                      and attribute.item_value = any ($86)
                  )
                  and documents.id in (
                    select
                      attribute.document_id
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $87
                      and attribute.name = $88
                      and "attribute"."item_value" is not null
                      and attribute.item_value = any ($89)
                    group by
                      attribute.document_id
                    having
                      count(*) = $90
                  )
                )
                and (
                  case
                    when jsonb_typeof(documents.metadata -> $91) = 'number' then (documents.metadata ->> $92)::float8
                  end >= $93
                )
                and (
                  case
                    when jsonb_typeof(documents.metadata -> $94) = 'string' then documents.metadata ->> $95
                  end = any ($96)
                )
              )
              and "documents"."collection" = any ($97)
          )
          and "id" in (
            select
              matching_chunks ($98)
          )
        order by
          "distance"
        limit
          $99
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
              "distance" < $100
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
        where
          "score" >= $101
          and right(item_id::text, 12) <> all ($102::text[])
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
          documents.tenant_id = $103
          and documents.id = ranked.document_id
      )
    limit
      $104
  ),
  "reached" as (
    select
      (
        select
          count(*)::integer
        from
          candidates
      ) as "candidates",
      (
        select
          count(*)::integer
        from
          keyword_chunks
        where
          distance < 0
      ) as "keywordChunks",
      (
        select
          permitted
        from
          counted
      ) as "permitted",
      exists (
        select
        from
          "fused"
        where
          score < $105
      ) as "cutByScore",
      null::boolean as "exampleFound"
  )
select
  "hits"."id" as "id",
  "hits"."collection" as "collection",
  "hits"."externalId" as "externalId",
  "hits"."title" as "title",
  "hits"."url" as "url",
  "hits"."metadata" as "metadata",
  "hits"."status" as "status",
  "hits"."language" as "language",
  "hits"."version" as "version",
  "hits"."createdAt" as "createdAt",
  "hits"."updatedAt" as "updatedAt",
  "hits"."expiresAt" as "expiresAt",
  "hits"."itemId" as "itemId",
  "hits"."score" as "score",
  "hits"."vectorScore" as "vectorScore",
  "hits"."keywordScore" as "keywordScore",
  "hits"."chunkId" as "chunkId",
  "hits"."ordinal" as "ordinal",
  "hits"."context" as "context",
  "hits"."text" as "text",
  "hits"."startOffset" as "startOffset",
  "hits"."endOffset" as "endOffset",
  "hits"."embeddedAt" as "embeddedAt",
  "hits"."hasStandIn" as "hasStandIn",
  "hits"."vector" as "vector",
  "reached"."candidates",
  "reached"."keywordChunks",
  "reached"."permitted",
  "reached"."cutByScore",
  "reached"."exampleFound"
from
  "reached"
  left join (
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
          "embeddings"."tenant_id" = $106
          and "embeddings"."model_id" = $107
          and embeddings.chunk_id = page.chunk_id
      ) as "vectors" on true
    where
      "documents"."tenant_id" = $108
      and "chunks"."tenant_id" = $109
  ) as "hits" on true
where
  (
    select
      require_active_model ($110)
  )
order by
  hits.score desc nulls last,
  hits."itemId" desc
