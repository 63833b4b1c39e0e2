select
  "id" as "id",
  "tenant_id" as "tenantId",
  "requested_by" as "requestedBy",
  "requested_at" as "requestedAt",
  "request_id" as "requestId",
  "token_id" as "tokenId",
  "started_at" as "startedAt",
  "finished_at" as "finishedAt",
  "erased" as "erased",
  "remaining" as "remaining",
  "waiting_for" as "indexesToDrop",
  "detached" as "detachedTables",
  "kept_revocations" as "keptRevocations",
  "kept_revocations_until" as "keptRevocationsUntil"
from
  "tenant_deletions"
where
  "id" = $1
