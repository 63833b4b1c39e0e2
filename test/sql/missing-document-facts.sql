select
  "documents"."id" in (
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
  ) as "isSelected",
  (
    select
      count(*)::int as "n"
    from
      "chunks"
    where
      "chunks"."tenant_id" = $26
      and "chunks"."document_id" = $27
  ) as "chunks",
  (
    select
      count(*)::int as "n"
    from
      "embeddings"
      inner join "chunks" on "chunks"."id" = "embeddings"."chunk_id"
    where
      "embeddings"."tenant_id" = $28
      and "embeddings"."model_id" = $29
      and "chunks"."tenant_id" = $30
      and "chunks"."document_id" = $31
      and "embeddings"."stand_in" = $32
  ) as "embedded",
  (
    select
      count(*)::int as "n"
    from
      "embeddings"
      inner join "chunks" on "chunks"."id" = "embeddings"."chunk_id"
    where
      "embeddings"."tenant_id" = $33
      and "embeddings"."model_id" = $34
      and "chunks"."tenant_id" = $35
      and "chunks"."document_id" = $36
  ) as "vectors",
  (
    select
      count(*)::int as "n"
    from
      "embeddings"
      inner join "chunks" on "chunks"."id" = "embeddings"."chunk_id"
    where
      "embeddings"."tenant_id" = $37
      and "embeddings"."model_id" = $38
      and "chunks"."tenant_id" = $39
      and "chunks"."document_id" = $40
      and "embeddings"."chunk_id" <> all ($41::uuid[])
  ) as "comparable",
  (
    select
      max(
        (
          select
            - (chunks.terms <#> q.terms) * q.scale as "score"
          from
            query_words ($42, $43::text[], $44::int, $45::int) as q
          where
            "q"."language" = "chunks"."language"
        )
      ) as "score"
    from
      "chunks"
    where
      "chunks"."tenant_id" = $46
      and "chunks"."document_id" = $47
  ) as "keywordScore",
  (
    select
      bool_or(
        chunks.id in (
          select
            matching_chunks ($48)
        )
      ) as "hold"
    from
      "chunks"
    where
      "chunks"."tenant_id" = $49
      and "chunks"."document_id" = $50
  ) as "conditionsHold"
from
  "documents"
where
  "documents"."tenant_id" = $51
  and "documents"."id" = $52
