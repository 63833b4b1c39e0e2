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
        and (documents.created_at >= $3)
        and (
          case
            when jsonb_typeof(documents.metadata -> $4) = 'number' then (documents.metadata ->> $5)::float8
          end >= $6
        )
        and (
          case
            when jsonb_typeof(documents.metadata -> $7) = 'string' then documents.metadata ->> $8
          end = any ($9)
        )
      )
      and "documents"."collection" = any ($10)
  ) as "isSelected",
  (
    select
      count(*)::int as "n"
    from
      "chunks"
    where
      "chunks"."tenant_id" = $11
      and "chunks"."document_id" = $12
  ) as "chunks",
  (
    select
      count(*)::int as "n"
    from
      "embeddings"
      inner join "chunks" on "chunks"."id" = "embeddings"."chunk_id"
    where
      "embeddings"."tenant_id" = $13
      and "embeddings"."model_id" = $14
      and "chunks"."tenant_id" = $15
      and "chunks"."document_id" = $16
  ) as "embedded",
  (
    select
      max(- (chunks.terms <#> query_terms ($17, $18))) as "score"
    from
      "chunks"
    where
      "chunks"."tenant_id" = $19
      and "chunks"."document_id" = $20
  ) as "keywordScore",
  (
    select
      bool_or(
        chunks.id in (
          select
            keyword_matches ($21, websearch_to_tsquery($22::regconfig, $23))
        )
      ) as "hold"
    from
      "chunks"
    where
      "chunks"."tenant_id" = $24
      and "chunks"."document_id" = $25
  ) as "conditionsHold"
from
  "documents"
where
  "documents"."tenant_id" = $26
  and "documents"."id" = $27
