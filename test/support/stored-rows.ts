import type { Superuser } from './database.ts';

/** Number of rows in every table of a tenant, deleted documents aside, and the sum of the documents' versions, which grows with every change. */
export async function countRows(owner: Superuser): Promise<Record<string, number>> {
  const tables = [
    'tenants',
    'tenant_models',
    'documents',
    'chunks',
    'embeddings',
    'embedding_jobs',
    'unembeddable_chunks',
  ];
  const counts = tables
    .map(
      (table) =>
        `(select count(*)::int from ${table}${table === 'documents' ? ' where deleted_at is null' : ''}) as ${table}`,
    )
    .join(', ');
  const { rows } = await owner.query<Record<string, number>>(
    `select ${counts}, (select coalesce(sum(version), 0)::int from documents where deleted_at is null) as versions`,
  );
  return rows[0] as Record<string, number>;
}

/** A digest of a tenant's rows in each table that has tenants: equal where nothing was changed. */
export async function digestOfTenant(owner: Superuser, tenantId: string): Promise<Record<string, string>> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'tessera'::regnamespace and c.relkind = 'r' and a.attname = 'tenant_id' order by 1`,
  );
  const digests = tables.map(
    ({ name }) =>
      `(select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from ${name} t where tenant_id = $1) as ${name}`,
  );
  const { rows } = await owner.query<Record<string, string>>(`select ${digests.join(', ')}`, [tenantId]);
  return rows[0] as Record<string, string>;
}
