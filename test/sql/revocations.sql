select
  "taken"."key_id",
  "taken"."tenant_id",
  "taken"."token_id",
  "taken"."expires_at"
from
  revocations_since (now() - make_interval(secs => $1)) as "taken"
