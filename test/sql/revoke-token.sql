insert into
  "revoked_tokens" (
    "tenant_id",
    "token_id",
    "expires_at",
    "revoked_by"
  )
values
  ($1, $2, $3, $4)
on conflict ("tenant_id", "token_id") do update
set
  "expires_at" = greatest(revoked_tokens.expires_at, excluded.expires_at),
  "changed_at" = case
    when excluded.expires_at > revoked_tokens.expires_at then now()
    else revoked_tokens.changed_at
  end
returning
  "token_id" as "tokenId",
  "expires_at" as "expiresAt",
  "revoked_at" as "revokedAt"
