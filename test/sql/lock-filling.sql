select
  "job_id" as "jobId",
  "filled_to" as "filledTo"
from
  "tenant_models"
where
  "tenant_id" = $1
  and "model_id" = $2
  and "role" in ($3, $4)
  and "replaces" is not null
  and "filled_at" is null
for update
  skip locked
