select
  "id" as "id",
  ts_headline(
    language::regconfig,
    text,
    (
      select
        string_agg(quote_literal(lexeme), ' | ')::tsquery
      from
        unnest(lexemes ($1, $2))
    ),
    $3
  ) as "marked"
from
  "chunks"
where
  "tenant_id" = $4
  and "id" = any ($5::uuid[])
