import type { Superuser } from './database.ts';

/** Number of rows in every table of a tenant, and the sum of the documents' versions, which grows with every change. */
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
  const counts = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`).join(', ');
  const { rows } = await owner.query<Record<string, number>>(
    `select ${counts}, (select coalesce(sum(version), 0)::int from documents) as versions`,
  );
  return rows[0] as Record<string, number>;
}
