import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { tenantScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';

/** How much a tenant holds, and how much of it still waits for its vectors. */
export interface TenantFacts {
  readonly documents: number;
  readonly chunks: number;
  readonly pendingChunks: number;
  readonly unembeddableChunks: number;
}

export interface Collection {
  readonly name: string;
  readonly documents: number;
}

export function tenantFactsStatement(tenantId: TenantId) {
  return sqlBuilder.selectNoFrom((eb) => {
    const count = (table: 'documents' | 'chunks' | 'embedding_jobs' | 'unembeddable_chunks') =>
      eb.selectFrom(table).select(sql<number>`count(*)::int`.as('count')).where('tenant_id', '=', tenantId).$asScalar();
    return [
      count('documents').$notNull().as('documents'),
      count('chunks').$notNull().as('chunks'),
      count('embedding_jobs').$notNull().as('pendingChunks'),
      count('unembeddable_chunks').$notNull().as('unembeddableChunks'),
    ];
  });
}

export function collectionsStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('documents')
    .select(['collection as name', sql<number>`count(*)::int`.as('documents')])
    .where('tenant_id', '=', tenantId)
    .groupBy('collection')
    .orderBy('collection');
}

export interface TenantDeps {
  readonly database: Database;
}

/** Counts what the tenant holds; all zero for one that never wrote. */
export async function readTenantFacts(deps: TenantDeps, principal: Principal): Promise<TenantFacts> {
  const [rows] = await readInFlight(deps.database, tenantScope(principal), [tenantFactsStatement(principal.tenantId)]);
  return rows[0] as TenantFacts;
}

/** The tenant's collections by name, with the number of documents in each. */
export async function readCollections(deps: TenantDeps, principal: Principal): Promise<Collection[]> {
  const [rows] = await readInFlight(deps.database, tenantScope(principal), [collectionsStatement(principal.tenantId)]);
  return rows;
}
