select
  token_is_revoked ($1, $2) as "revoked"
