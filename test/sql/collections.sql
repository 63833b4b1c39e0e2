select
  coalesce(held.collection, defined.name) as "name",
  coalesce(held.documents, 0) as "documents",
  coalesce(defined.language, 'english') as "language",
  coalesce(defined.attributes, '[]') as "attributes",
  defined.chunking as "chunking"
from
  (
    select
      "collection",
      count(*)::int as "documents"
    from
      "documents"
    where
      "tenant_id" = $1
    group by
      "collection"
  ) as "held"
  full join (
    select
      "name",
      "language",
      "attributes",
      "chunking"
    from
      "collections"
    where
      "tenant_id" = $2
  ) as "defined" on "defined"."name" = "held"."collection"
order by
  "name"
