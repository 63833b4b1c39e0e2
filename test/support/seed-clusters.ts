import type { Superuser } from './database.ts';

/** Components of the vectors that are made here. */
export const clusterDimensions = 512;

/**
 * Fills a tenant with vectors as embedding models make them: in clusters that overlap, and with energy that falls with the
 * component, so that the first 256 of 512 hold most of the neighbourhood and not all of it. No documents and no chunks:
 * the foreign keys are not checked, and 20,000 rows take 2 s.
 *
 * A vector is a topic (one of 50) and a style (one of 50), each at one of ten strengths, and what is its own: the product,
 * component by component, of two random vectors of 100 each. The same seed gives the same vectors; ids are random.
 */
export async function seedClusters(owner: Superuser, tenantId: string, chunks: number, seed = 0.5): Promise<void> {
  await owner.query(`
    begin;
    set local session_replication_role = replica;
    insert into tessera.models (name, dimensions) values ('static-en-512', ${clusterDimensions}) on conflict do nothing;
    insert into tessera.tenants (id) values ('${tenantId}') on conflict do nothing;
    insert into tessera.tenant_models (tenant_id, model_id)
      select '${tenantId}', id from tessera.models where name = 'static-en-512' on conflict do nothing;
    select setseed(${seed});
    with fall as materialized (
      select array_agg(power(1 + k / 64.0, -0.5) order by k)::vector as v from generate_series(1, ${clusterDimensions}) k
    ), basis as materialized (
      select i, (select array_agg(random_normal()) from generate_series(1, ${clusterDimensions}) k where i >= 0)::vector as v
      from generate_series(0, 299) i
    ), strength as materialized (
      select i, array_fill(0.4 + i * 0.12, array[${clusterDimensions}])::vector as v from generate_series(0, 9) i
    ), pick as materialized (
      select floor(random() * 50)::int as topic, floor(random() * 10)::int as much,
        50 + floor(random() * 50)::int as style, floor(random() * 10)::int as little,
        100 + floor(random() * 100)::int as a, 200 + floor(random() * 100)::int as b
      from generate_series(1, ${chunks})
    ), made as materialized (
      select l2_normalize((topic.v * much.v + style.v * little.v + a.v * b.v * own.v) * fall.v) as v
      from pick
      join basis topic on topic.i = pick.topic join strength much on much.i = pick.much
      join basis style on style.i = pick.style join strength little on little.i = pick.little
      join basis a on a.i = pick.a join basis b on b.i = pick.b
      join strength own on own.i = 1, fall
    )
    insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
      select '${tenantId}', m.id, gen_random_uuid(), gen_random_uuid(),
        l2_normalize(subvector(made.v, 1, 256))::halfvec(256), made.v, ${clusterDimensions}
      from made, tessera.models m where m.name = 'static-en-512';
    commit`);
  await owner.query('vacuum analyze tessera.embeddings');
}
