select
  pg_advisory_xact_lock(
    hashtextextended ('tessera.documents/' || edited.document_id, 0)
  ) as "locked"
from
  (
    select distinct
      "document_id"
    from
      "embeddings"
    where
      "tenant_id" = $1
      and "model_id" = $2
      and "stand_in" > 0
      and "document_id" = any ($3::uuid[])
    order by
      "document_id"
    offset
      0
  ) as "edited"
