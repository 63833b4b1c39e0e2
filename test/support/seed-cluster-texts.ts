import type { Superuser } from './database.ts';

/**
 * Gives the vectors of `seedClusters` their chunks, and documents of one chunk each: collections `c0` to `c9`, an attribute
 * `n` from 0 to 9,999 that is spread evenly and has nothing to do with the vector, and eight words of which `word1` is
 * in some 15 % of all.
 */
export async function seedClusterTexts(owner: Superuser, tenantId: string): Promise<void> {
  await owner.query(`
    begin;
    create temporary table seeded on commit drop as
      select document_id as id, ('x' || left(md5(document_id::text), 7))::bit(28)::integer as random
      from tessera.embeddings where tenant_id = '${tenantId}';
    insert into tessera.documents (tenant_id, id, collection, external_id, title, body, metadata, content_hash)
      select '${tenantId}', id, 'c' || random % 10, id::text, 'Title', 'body',
        jsonb_build_object('n', random / 10 % 10000), sha256(id::text::bytea)
      from seeded;
    insert into tessera.chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
      select '${tenantId}', id, id, 0, 'Title', (
          select string_agg('word' || (random / g % 50), ' ') from generate_series(1, 8) g
        ), 0, 4, 'english', sha256(id::text::bytea)
      from seeded;
    commit`);
  for (const table of ['documents', 'chunks']) await owner.query(`vacuum analyze tessera.${table}`);
}
