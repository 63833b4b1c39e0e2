-- How a collection's documents are divided into chunks; null for the usual way.
-- { "kind": "code", "maxTokens": 300, "overlapTokens": 0, "context": "title" }, with null for the server's sizes.
alter table tessera.collections add column chunking jsonb check (jsonb_typeof(chunking) = 'object');

grant insert (chunking), update (chunking) on tessera.collections to tessera_tenant;
