-- A filter selects documents, and so far an embedding could be found by its chunk but not by its document: a filter that
-- one document in a thousand passes made a search read every vector of the tenant, or walk its graph past all others.
--
-- 26 bytes a chunk at three chunks a document. The coarse vector comes from the row: with it in the index as well (760
-- bytes a chunk) the look-ups took as long. Built in its transaction, some 1.5 s a million rows; reads go on meanwhile.
create index embeddings_by_document on tessera.embeddings (tenant_id, model_id, document_id);
