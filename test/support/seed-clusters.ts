import type { Superuser } from './database.ts';

/** Components of the vectors that are made here. */
export const clusterDimensions = 512;

/**
 * Fills a tenant with vectors as embedding models make them: in clusters that overlap, and with energy that falls with the
 * component, so that the first 256 of 512 hold most of the neighbourhood and not all of it. No documents and no chunks:
 * the foreign keys are not checked, and 20,000 rows take 3 s.
 *
 * A vector is the sum of four of 60 topics, each at one of ten strengths, and of what is its own: the product, component
 * by component, of two random vectors of 100 each. The same seed gives the same rows.
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
      select array_agg(power(1 + k / 200.0, -0.5) order by k)::vector as v from generate_series(1, ${clusterDimensions}) k
    ), basis as materialized (
      select i, (select array_agg(random_normal()) from generate_series(1, ${clusterDimensions}) k where i >= 0)::vector as v
      from generate_series(0, 299) i
    ), strength as materialized (
      select i, array_fill(0.1 + i * 0.12, array[${clusterDimensions}])::vector as v from generate_series(0, 9) i
    ), own as materialized (
      select array_fill(0.8, array[${clusterDimensions}])::vector as v
    ), pick as materialized (
      select i, ${terms.map((term) => `floor(random() * 60)::int as t${term}, floor(random() * 10)::int as s${term}`).join(', ')},
        100 + floor(random() * 100)::int as a, 200 + floor(random() * 100)::int as b
      from generate_series(1, ${chunks}) i
    ), made as materialized (
      select md5('${tenantId}' || pick.i)::uuid as id,
        l2_normalize((${terms.map((term) => `t${term}.v * s${term}.v`).join(' + ')} + a.v * b.v * own.v) * fall.v) as v
      from pick
      ${terms.map((term) => `join basis t${term} on t${term}.i = pick.t${term} join strength s${term} on s${term}.i = pick.s${term}`).join(' ')}
      join basis a on a.i = pick.a join basis b on b.i = pick.b, fall, own
    )
    insert into tessera.embeddings (tenant_id, model_id, chunk_id, document_id, coarse, full_vector, dimensions)
      select '${tenantId}', m.id, made.id, made.id, l2_normalize(subvector(made.v, 1, 256))::halfvec(256), made.v,
        ${clusterDimensions}
      from made, tessera.models m where m.name = 'static-en-512';
    commit`);
  await owner.query('vacuum analyze tessera.embeddings');
}

const terms = [1, 2, 3, 4] as const;
