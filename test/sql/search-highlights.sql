select
  "id",
  "marked",
  case
    when translate(marked, $1, '') <> plain then array(
      select
        token
      from
        ts_parse('default', plain) with ordinality as parsed (type, token, place)
      where
        type <> all ($2::integer[])
      order by
        place
    )
  end as "tokens"
from
  (
    select
      "id",
      "plain",
      ts_headline(
        language::regconfig,
        plain,
        (
          select
            string_agg(quote_literal(lexeme), ' | ')::tsquery
          from
            unnest(lexemes (language, $3))
        ),
        $4
      ) as "marked"
    from
      (
        select
          "id" as "id",
          "language",
          translate(text, $5, $6) as "plain"
        from
          "chunks"
        where
          "tenant_id" = $7
          and "id" = any ($8::uuid[])
      ) as "unmarked"
    offset
      0
  ) as "marked"
