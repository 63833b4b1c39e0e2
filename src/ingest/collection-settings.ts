import { sql } from 'kysely';
import type { Attribute } from '../attribute.ts';
import { type Chunking, defaultChunking } from '../chunking.ts';
import { collectionsKey } from '../db/collections-key.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Execute, Statement } from '../db/database.ts';
import type { TenantId } from '../ids.ts';
import type { Language } from '../language.ts';

/** What a collection says of its documents. */
export interface CollectionSettings {
  /** How its words are stemmed. */
  readonly language: Language;
  readonly attributes: readonly Attribute[];
  /** How its documents are divided. */
  readonly chunking: Chunking;
}

/** Of a collection about which nothing was said. */
export const undeclared: CollectionSettings = { language: 'english', attributes: [], chunking: defaultChunking };

/**
 * Makes writes of documents and definitions of collections wait for one another, while writes do not wait for writes: a
 * definition fills its rows from documents that it sees, and must see all that were checked against the old one. Its own
 * statement: what is read behind it must be read after the wait. Given up with the transaction.
 */
export function lockCollectionsStatement(tenantId: TenantId, purpose: 'write' | 'define'): Statement<unknown> {
  const key = collectionsKey(tenantId);
  return sqlBuilder.selectNoFrom(
    purpose === 'write'
      ? sql<unknown>`pg_advisory_xact_lock_shared(${key})`.as('locked')
      : sql<unknown>`pg_advisory_xact_lock(${key})`.as('locked'),
  );
}

export function collectionSettingsStatement(tenantId: TenantId, names: readonly string[]) {
  return sqlBuilder
    .selectFrom('collections')
    .select([
      'name',
      sql<Language>`language`.as('language'),
      sql<readonly Attribute[]>`attributes`.as('attributes'),
      sql<Chunking | null>`chunking`.as('chunking'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('name', '=', sql<string>`any(${names}::text[])`);
}

/** What the collections of these names say, and nothing of those that say nothing. They are locked before. */
export async function readCollectionSettings(
  tenantId: TenantId,
  names: readonly string[],
  execute: Execute,
): Promise<ReadonlyMap<string, CollectionSettings>> {
  const rows = await execute(collectionSettingsStatement(tenantId, [...new Set(names)]));
  return new Map(
    rows.map(({ name, chunking, ...settings }) => [name, { ...settings, chunking: chunking ?? defaultChunking }]),
  );
}
