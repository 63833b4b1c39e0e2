select
  "id" as "id",
  ts_headline(
    language::regconfig,
    text,
    (
      select
        string_agg(quote_literal(lexeme), ' | ')::tsquery
      from
        unnest(lexemes (language, $1))
    ),
    $2
  ) as "marked"
from
  "chunks"
where
  "tenant_id" = $3
  and "id" = any ($4::uuid[])
