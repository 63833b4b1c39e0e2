analyze tessera.embeddings (tenant_id, model_id)
