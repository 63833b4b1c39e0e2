select
  "id",
  "at",
  "action",
  "subject",
  "key_id" as "keyId",
  "token_id" as "tokenId",
  "by_operator" as "byOperator",
  "request_id" as "requestId",
  "target_kind" as "targetKind",
  "target_ids" as "targetIds",
  "target_count" as "targetCount",
  "details"
from
  "audit_log"
where
  "tenant_id" = $1
  and "action" = $2
  and "subject" = $3
  and "at" >= $4
  and "at" < $5
  and "id" < $6
order by
  "id" desc
limit
  $7
