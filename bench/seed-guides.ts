import { type BenchDatabase, withClient } from './bench-server.ts';
import { dimensions } from './vector-source.ts';

/** Memory of the graph of full vectors while it is built. */
const buildMemory = '5GB';

/**
 * Adds the same chunks in the form that most guides to multi-tenant vector search advise: one table, one HNSW index on the
 * full vector, and a policy that compares the tenant with a setting.
 */
export async function seedGuides(database: BenchDatabase): Promise<void> {
  await withClient(database.superuser, async (superuser) => {
    await superuser.query(`
      create schema guides;
      create table guides.chunks (
        id uuid primary key,
        tenant_id text not null,
        title text not null,
        content text not null,
        embedding vector(${dimensions}) not null
      );
      insert into guides.chunks
        select c.id, c.tenant_id, c.context, c.text, e.full_vector
        from tessera.chunks c join tessera.embeddings e on e.tenant_id = c.tenant_id and e.chunk_id = c.id;
      create index chunks_tenant on guides.chunks (tenant_id);
      alter table guides.chunks enable row level security;
      alter table guides.chunks force row level security;
      create policy tenant_isolation on guides.chunks
        using (tenant_id = (select current_setting('app.tenant_id')));
      grant usage on schema guides to tessera_tenant;
      grant select on guides.chunks to tessera_tenant;`);
    await superuser.query(`set maintenance_work_mem = '${buildMemory}'`);
    await superuser.query('set min_parallel_table_scan_size = 0; set max_parallel_maintenance_workers = 2');
    await superuser.query('create index chunks_embedding on guides.chunks using hnsw (embedding vector_cosine_ops)');
    await superuser.query('vacuum analyze guides.chunks');
    await superuser.query('checkpoint');
  });
}

/** What the guides' application sends for its ten nearest: the tenant is the policy's business alone. */
export const guidesOpening = (tenantId: string) =>
  `begin; set local role tessera_tenant; set local app.tenant_id = '${tenantId}'`;
export const guidesSearch = `select id, title, content, 1 - (embedding <=> $1) as score
  from guides.chunks order by embedding <=> $1 limit 10`;
