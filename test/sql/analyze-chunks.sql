analyze tessera.chunks (tenant_id, language)
