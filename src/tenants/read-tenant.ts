import { sql } from 'kysely';
import type { Attribute } from '../attribute.ts';
import type { Principal } from '../auth/principal.ts';
import { type Chunking, defaultChunking } from '../chunking.ts';
import { activeModel } from '../db/active-model.ts';
import { sqlBuilder } from '../db/compile.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { tenantScope } from '../db/scope.ts';
import type { TenantId } from '../ids.ts';
import type { Language } from '../language.ts';

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
  readonly language: Language;
  readonly attributes: readonly Attribute[];
  readonly chunking: Chunking;
}

export function tenantFactsStatement(tenantId: TenantId) {
  return sqlBuilder.selectNoFrom((eb) => {
    const count = (table: 'documents' | 'chunks') =>
      eb.selectFrom(table).select(sql<number>`count(*)::int`.as('count')).where('tenant_id', '=', tenantId).$asScalar();
    return [
      count('documents').$notNull().as('documents'),
      count('chunks').$notNull().as('chunks'),
      eb
        .selectFrom('embedding_jobs')
        .select(sql<number>`count(*)::int`.as('count'))
        .where('tenant_id', '=', tenantId)
        .where('dead_at', 'is', null)
        .where('model_id', '=', activeModel(tenantId))
        .$asScalar()
        .$notNull()
        .as('pendingChunks'),
      eb
        .selectFrom('unembeddable_chunks')
        .select(sql<number>`count(*)::int`.as('count'))
        .where('tenant_id', '=', tenantId)
        .where('model_id', '=', activeModel(tenantId))
        .$asScalar()
        .$notNull()
        .as('unembeddableChunks'),
    ];
  });
}

/** A collection comes to be with its first document, or with its definition; without one it is English. */
export function collectionsStatement(tenantId: TenantId) {
  const held = sqlBuilder
    .selectFrom('documents')
    .select(['collection', sql<number>`count(*)::int`.as('documents')])
    .where('tenant_id', '=', tenantId)
    .groupBy('collection');
  const defined = sqlBuilder
    .selectFrom('collections')
    .select(['name', 'language', 'attributes', 'chunking'])
    .where('tenant_id', '=', tenantId);
  return sqlBuilder
    .selectFrom(held.as('held'))
    .fullJoin(defined.as('defined'), 'defined.name', 'held.collection')
    .select([
      sql<string>`coalesce(held.collection, defined.name)`.as('name'),
      sql<number>`coalesce(held.documents, 0)`.as('documents'),
      sql<Language>`coalesce(defined.language, 'english')`.as('language'),
      sql<readonly Attribute[]>`coalesce(defined.attributes, '[]')`.as('attributes'),
      sql<Chunking | null>`defined.chunking`.as('chunking'),
    ])
    .orderBy('name');
}

export interface TenantDeps {
  readonly database: Database;
}

/**
 * Nothing for a tenant that may be served. Whatever reads or writes finds out by itself; this is for what does neither.
 * @throws {Refusal} `TENANT_SUSPENDED` or `TENANT_DELETED`.
 */
export async function requireServedTenant(deps: TenantDeps, principal: Principal): Promise<void> {
  await readInFlight(deps.database, tenantScope(principal), []);
}

/** Counts what the tenant holds; all zero for one that never wrote. */
export async function readTenantFacts(deps: TenantDeps, principal: Principal): Promise<TenantFacts> {
  const [rows] = await readInFlight(deps.database, tenantScope(principal), [tenantFactsStatement(principal.tenantId)]);
  return rows[0] as TenantFacts;
}

/** The tenant's collections by name: those that hold documents, and those that were defined. */
export async function readCollections(deps: TenantDeps, principal: Principal): Promise<Collection[]> {
  const [rows] = await readInFlight(deps.database, tenantScope(principal), [collectionsStatement(principal.tenantId)]);
  return rows.map((row) => ({ ...row, chunking: row.chunking ?? defaultChunking }));
}
