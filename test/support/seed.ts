import type { Superuser } from './database.ts';

/**
 * Fills a tenant with random documents of one chunk each, with unit vectors of 512 components, past every policy.
 * The same seed gives the same rows.
 */
export async function seedTenant(owner: Superuser, tenantId: string, chunks: number, seed = 0.5): Promise<void> {
  await owner.query(`
    insert into tessera.models (name, dimensions) values ('static-en-512', 512) on conflict do nothing`);
  await owner.query('insert into tessera.tenants (id) values ($1)', [tenantId]);
  await owner.query('select setseed($1)', [seed]);
  await owner.query(
    `insert into tessera.documents (tenant_id, id, collection, external_id, title, body, metadata, content_hash)
     select $1, gen_random_uuid(), 'c' || (i % 10), 'd' || i, 'Title ' || i, 'body', jsonb_build_object('n', i),
       sha256(i::text::bytea)
     from generate_series(1, $2) i`,
    [tenantId, chunks],
  );
  await owner.query(
    `insert into tessera.chunks (tenant_id, id, document_id, ordinal, context, text, start_offset, end_offset, language, content_hash)
     select tenant_id, gen_random_uuid(), id, 0, title,
       (select string_agg('word' || (random() * random() * 3000)::int, ' ') from generate_series(1, 60) g where external_id <> ''),
       0, 4, 'english', content_hash
     from tessera.documents where tenant_id = $1`,
    [tenantId],
  );
  await owner.query(
    `insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
     select tenant_id, m.id, c.id, document_id, l2_normalize(subvector(v, 1, 256))::halfvec(256), v, 512
     from tessera.chunks c, tessera.models m, lateral (
       select l2_normalize(array_agg(random() - 0.5)::vector) as v from generate_series(1, 512) g where c.ordinal = 0
     ) r
     where c.tenant_id = $1 and m.name = 'static-en-512'`,
    [tenantId],
  );
  await owner.query('insert into tessera.tenant_models (tenant_id, model_id) select $1, id from tessera.models', [
    tenantId,
  ]);
  for (const table of ['documents', 'chunks', 'embeddings']) await owner.query(`vacuum analyze tessera.${table}`);
}
