select
  "id",
  "name",
  "dimensions",
  exists (
    select
      "embedding_jobs"."model_id"
    from
      "embedding_jobs"
    where
      "embedding_jobs"."model_id" = "models"."id"
  ) as "inUse"
from
  "models"
order by
  "id"
