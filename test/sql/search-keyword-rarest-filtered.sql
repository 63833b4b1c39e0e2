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
  "scored" as materialized (
    select
      "found"."document_id",
      "found"."chunk_id",
      "found"."distance"
    from
      "selected"
      inner join lateral (
        select
          "chunks"."document_id" as "document_id",
          "chunks"."id" as "chunk_id",
          (chunks.terms <#> query.terms) * query.scale as "distance"
        from
          "chunks"
          inner join "query" on "query"."language" = "chunks"."language"
        where
          "chunks"."tenant_id" = $72
          and chunks.document_id = selected.id
          and (
            "chunks"."id" in (
              select
                chunk_id
              from
                matching
            )
          ) is true
        offset
          0
      ) as "found" on true
    limit
      $73
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
          "chunks"."tenant_id" = $74
          and "chunks"."language" = "query"."language"
          and "document_id" in (
            select
              "documents"."id"
            from
              "documents"
            where
              "documents"."tenant_id" = $75
              and (
                (
                  (starts_with(documents.title, $76))
                  or ((documents.external_id is null)) is not true
                )
                and (documents.status <> $77)
                and (documents.created_at >= $78)
                and (
                  exists (
                    select
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $79
                      and attribute.name = $80
                      and "attribute"."number_value" is not null
                      and attribute.document_id = documents.id
                  )
                  and exists (
                    select
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $81
                      and attribute.name = $82
                      and "attribute"."number_value" is not null
                      and attribute.document_id = documents.id
                      and "attribute"."number_value" >= $83
                  )
                )
                and not exists (
                  select
                  from
                    document_attributes as attribute
                  where
                    attribute.tenant_id = $84
                    and attribute.name = $85
                    and "attribute"."date_value" is not null
                    and attribute.document_id = documents.id
                )
                and (
                  exists (
                    select
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $86
                      and attribute.name = $87
                      and "attribute"."item_value" is not null
                      and attribute.document_id = documents.id
                      and attribute.item_value = any ($88)
                  )
                  and documents.id in (
                    select
                      attribute.document_id
                    from
                      document_attributes as attribute
                    where
                      attribute.tenant_id = $89
                      and attribute.name = $90
                      and "attribute"."item_value" is not null
                      and attribute.item_value = any ($91)
                    group by
                      attribute.document_id
                    having
                      count(*) = $92
                  )
                )
                and (
                  case
                    when jsonb_typeof(documents.metadata -> $93) = 'number' then (documents.metadata ->> $94)::float8
                  end >= $95
                )
                and (
                  case
                    when jsonb_typeof(documents.metadata -> $96) = 'string' then documents.metadata ->> $97
                  end = any ($98)
                )
              )
              and "documents"."collection" = any ($99)
          )
          and "id" in (
            select
              matching_chunks ($100)
          )
          and "chunks"."id" in (
            select
              keyword_matches (query.language, query.rarest)
          )
        order by
          "distance"
        limit
          $101
      ) as "best" on true
    where
      "query"."rarest" is not null
      and (
        select
          chunks
        from
          scored_count
      ) > $102
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
              ) > $103
            order by
              "distance"
            limit
              $104
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
              "chunks"."tenant_id" = $105
              and "chunks"."language" = "query"."language"
              and "document_id" in (
                select
                  "documents"."id"
                from
                  "documents"
                where
                  "documents"."tenant_id" = $106
                  and (
                    (
                      (starts_with(documents.title, $107))
                      or ((documents.external_id is null)) is not true
                    )
                    and (documents.status <> $108)
                    and (documents.created_at >= $109)
                    and (
                      exists (
                        select
                        from
                          document_attributes as attribute
                        where
                          attribute.tenant_id = $110
                          and attribute.name = $111
                          and "attribute"."number_value" is not null
                          and attribute.document_id = documents.id
                      )
                      and exists (
                        select
                        from
                          document_attributes as attribute
                        where
                          attribute.tenant_id = $112
                          and attribute.name = $113
                          and "attribute"."number_value" is not null
                          and attribute.document_id = documents.id
                          and "attribute"."number_value" >= $114
                      )
                    )
                    and not exists (
                      select
                      from
                        document_attributes as attribute
                      where
                        attribute.tenant_id = $115
                        and attribute.name = $116
                        and "attribute"."date_value" is not null
                        and attribute.document_id = documents.id
                    )
                    and (
                      exists (
                        select
                        from
                          document_attributes as attribute
                        where
                          attribute.tenant_id = $117
                          and attribute.name = $118
                          and "attribute"."item_value" is not null
                          and attribute.document_id = documents.id
                          and attribute.item_value = any ($119)
                      )
                      and documents.id in (
                        select
                          attribute.document_id
                        from
                          document_attributes as attribute
                        where
                          attribute.tenant_id = $120
                          and attribute.name = $121
                          and "attribute"."item_value" is not null
                          and attribute.item_value = any ($122)
                        group by
                          attribute.document_id
                        having
                          count(*) = $123
                      )
                    )
                    and (
                      case
                        when jsonb_typeof(documents.metadata -> $124) = 'number' then (documents.metadata ->> $125)::float8
                      end >= $126
                    )
                    and (
                      case
                        when jsonb_typeof(documents.metadata -> $127) = 'string' then documents.metadata ->> $128
                      end = any ($129)
                    )
                  )
                  and "documents"."collection" = any ($130)
              )
              and "id" in (
                select
                  matching_chunks ($131)
              )
            order by
              "distance"
            limit
              $132
          ) as "best" on true
        where
          (
            select
              chunks
            from
              scored_count
          ) > $133
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
              ) < $134
              and not (
                numnode(query.rarest) = 2 * length(lexemes (query.language, $135)) - 1
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
              "distance" < $136
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
          "score" >= $137
          and right(item_id::text, 12) <> all ($138::text[])
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
          documents.tenant_id = $139
          and documents.id = ranked.document_id
      )
    limit
      $140
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
      "embeddings"."tenant_id" = $141
      and "embeddings"."model_id" = $142
      and embeddings.chunk_id = page.chunk_id
  ) as "vectors" on true
where
  "documents"."tenant_id" = $143
  and "chunks"."tenant_id" = $144
  and (
    select
      require_active_model ($145)
  )
order by
  "page"."score" desc,
  "page"."item_id" desc
