select
  "id",
  "name",
  "dimensions",
  models.id in (
    select
      models_in_use ()
  ) as "inUse"
from
  "models"
order by
  "id"
