select
  "id" as "id",
  "tenant_id" as "tenantId",
  "requested_by" as "requestedBy",
  "requested_at" as "requestedAt",
  "started_at" as "startedAt",
  "finished_at" as "finishedAt",
  "erased" as "erased",
  "remaining" as "remaining",
  "waiting_for" as "indexesToDrop",
  "kept_revocations" as "keptRevocations",
  "kept_revocations_until" as "keptRevocationsUntil"
from
  "tenant_deletions"
where
  "id" = $1
