-- A filter selects documents, and so far an embedding could be found by its chunk but not by its document: a filter that
-- one document in a thousand passes made a search read every vector of the tenant, or walk its graph past all others.
--
-- Of the document alone, whose ids are as good as unique: with the tenant and the model in front it could also be read
-- for a tenant from end to end, and the planner then prefers it to the covering index because it is so much smaller,
-- and fetches every row. The coarse vector comes from the row: with it in the index the look-ups took as long.
create index embeddings_by_document on tessera.embeddings (document_id);
