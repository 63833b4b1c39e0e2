-- Vectors that stand in for others are looked for by model, too. While nothing was gathered of a growing tenant, the key of the
-- table looked cheaper, and every entry of the tenant was read in it for each thousand of its chunks.
drop index tessera.embeddings_stand_ins;
create index embeddings_stand_ins on tessera.embeddings (tenant_id, model_id, document_id) where stand_in > 0;
