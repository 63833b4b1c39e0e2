delete from "revoked_tokens"
