import { sql } from 'kysely';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';

/** What may be done as a tenant: everything, nothing until it is resumed, or nothing any more. */
export const tenantStatuses = ['active', 'suspended', 'deleting'] as const;
export type TenantStatus = (typeof tenantStatuses)[number];

const tenantColumns = [
  sql.ref<TenantId>('tenants.id').as('id'),
  'tenants.name',
  sql.ref<TenantStatus>('tenants.status').as('status'),
  'tenants.created_at as createdAt',
] as const;

export interface TenantListing {
  readonly status?: TenantStatus;
  /** Ids behind this one only. */
  readonly after?: TenantId;
  readonly limit: number;
}

/** Tenants in the order of their ids, with the tier of the vectors that are searched; null for one without vectors. */
export function tenantListStatement({ status, after, limit }: TenantListing) {
  return sqlBuilder
    .selectFrom('tenants')
    .leftJoin('tenant_models', (join) =>
      join.onRef('tenant_models.tenant_id', '=', 'tenants.id').on('tenant_models.role', '=', 'active'),
    )
    .select([...tenantColumns, sql.ref<'exact' | 'hnsw' | null>('tenant_models.tier').as('tier')])
    .$if(status !== undefined, (query) => query.where('tenants.status', '=', status as TenantStatus))
    .$if(after !== undefined, (query) => query.where('tenants.id', '>', after as TenantId))
    .orderBy('tenants.id')
    .limit(limit);
}

/** One tenant as the list has it. */
export function tenantByIdStatement(tenantId: TenantId) {
  return tenantListStatement({ limit: 1 }).where('tenants.id', '=', tenantId);
}

/** Tenants and what each holds, counted now. */
export function tenantSizesStatement(tenantIds: readonly TenantId[]) {
  return sqlBuilder
    .selectFrom(sql<SizeRow>`tenant_sizes(${tenantIds}::text[])`.as('sizes'))
    .select([
      sql.ref<TenantId>('sizes.tenant_id').as('tenantId'),
      'sizes.documents',
      'sizes.chunks',
      'sizes.embeddings',
      'sizes.table_bytes as tableBytes',
    ]);
}

interface SizeRow {
  tenant_id: string;
  documents: number;
  chunks: number;
  embeddings: number;
  table_bytes: number | null;
}

/** No row where there is such a tenant. */
export function createTenantStatement(tenantId: TenantId, name: string) {
  return sqlBuilder
    .insertInto('tenants')
    .values({ id: tenantId, name })
    .onConflict((oc) => oc.column('id').doNothing())
    .returning('id');
}

/** Takes back that an id was deleted, so that its tenant can be created anew. */
export function liftDeletionStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder
    .updateTable('tenant_deletions')
    .set({ lifted_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('finished_at', 'is not', null)
    .where('lifted_at', 'is', null);
}

/** No row for a tenant that does not exist or is being deleted. */
export function changeTenantStatement(
  tenantId: TenantId,
  change: { readonly status: TenantStatus } | { readonly name: string },
) {
  return sqlBuilder
    .updateTable('tenants')
    .set(change)
    .where('id', '=', tenantId)
    .where('status', '<>', 'deleting')
    .returning('id');
}
