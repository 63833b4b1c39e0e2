import { sql } from 'kysely';
import { sqlBuilder } from '../../db/compile.ts';
import type { Statement } from '../../db/database.ts';
import type { DocumentId, TenantId } from '../../ids.ts';

/** The newest change of a key of an attached table. */
export interface SourceChange {
  readonly key: string;
  /** A whole number, as text. */
  readonly seq: string;
  readonly kind: 'upsert' | 'delete' | 'truncate';
  readonly collection: string;
  readonly snapshot: unknown;
  readonly attempts: number;
  /** False for one that failed and is not to be tried yet, or never again. */
  readonly isDue: boolean;
}

/**
 * Whose changes of which attached table wait and may be tried, of every active tenant, in no order: an index is entered once for
 * each, however many changes there are.
 */
export function waitingSourcesStatement() {
  return sqlBuilder
    .selectFrom(
      sql<{ tenantId: TenantId; source: string }>`(
        with recursive pairs as (
          (select c.tenant_id, c.source from source_changes c where c.dead_at is null order by c.tenant_id, c.source limit 1)
          union all
          select n.tenant_id, n.source from pairs p cross join lateral (
            select c.tenant_id, c.source from source_changes c
            where c.dead_at is null and (c.tenant_id, c.source) > (p.tenant_id, p.source)
            order by c.tenant_id, c.source limit 1
          ) n
        )
        select p.tenant_id as "tenantId", p.source from pairs p
        where p.tenant_id not in (select t.id from tenants t where t.status <> 'active')
          and exists (
            select from source_changes c where c.tenant_id = p.tenant_id and c.source = p.source and c.dead_at is null
              and c.available_at <= now()
          )
      )`.as('waiting'),
    )
    .select(['waiting.tenantId', 'waiting.source'])
    .orderBy(sql`random()`);
}

/**
 * Takes a tenant's changes of a table until the transaction ends, so that they are written in their order; false where another
 * worker has them, or rows that were there before are being read.
 */
export function takeSourceStatement(tenantId: TenantId, source: string) {
  return sqlBuilder.selectNoFrom(
    sql<boolean>`pg_try_advisory_xact_lock_shared(hashtextextended(${sourceLock(source)}, 0))
      and pg_try_advisory_xact_lock(hashtextextended(${`${sourceLock(source)} of ${tenantId}`}, 0))`.as('isTaken'),
  );
}

/** What is locked of an attached table: shared by whoever writes documents, alone by whoever reads its older rows. */
export function sourceLock(source: string): string {
  return `tessera source ${source}`;
}

/** The last time the table was emptied, if that is not done yet. */
export function truncationStatement(tenantId: TenantId, source: string) {
  return sqlBuilder
    .selectFrom('source_changes')
    .select(['seq', 'collection'])
    .where('tenant_id', '=', tenantId)
    .where('source', '=', source)
    .where('key', '=', '')
    .where('kind', '=', 'truncate')
    .orderBy('seq', 'desc')
    .limit(1);
}

/** The newest change of each of the keys that have waited longest. Rows that were there before come after what was changed. */
export function changesStatement(tenantId: TenantId, source: string, limit: number) {
  const waiting = (isOld: boolean) => sql`(
    select c.key, ${isOld}::boolean as is_old, c.seq from source_changes c
    where c.tenant_id = ${tenantId} and c.source = ${source} and c.dead_at is null and c.available_at <= now()
      and ${isOld ? sql`c.seq = 0` : sql`c.seq > 0`}
    order by c.seq limit ${limit})`;
  return newestChanges(
    tenantId,
    source,
    sql`select w.key from (${waiting(false)} union all ${waiting(true)}) w order by w.is_old, w.seq limit ${limit}`,
  );
}

/** The newest change of each of these keys. */
export function changesOfStatement(tenantId: TenantId, source: string, keys: readonly string[]) {
  return newestChanges(tenantId, source, sql`select unnest(${keys}::text[])`);
}

function newestChanges(tenantId: TenantId, source: string, keys: ReturnType<typeof sql>) {
  return sqlBuilder
    .selectFrom('source_changes')
    .distinctOn('key')
    .select([
      'key',
      'seq',
      sql<SourceChange['kind']>`kind`.as('kind'),
      'collection',
      sql<unknown>`snapshot`.as('snapshot'),
      'attempts',
      sql<boolean>`dead_at is null and available_at <= now()`.as('isDue'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('source', '=', source)
    .where(sql<boolean>`key in (${keys})`)
    .where('kind', '<>', 'truncate')
    .orderBy('key')
    .orderBy('seq', 'desc');
}

type Read = Pick<SourceChange, 'key' | 'seq'>;

/** Changes that were written, and those that they supersede. */
export function forgetChangesStatement(tenantId: TenantId, source: string, done: readonly Read[]): Statement<unknown> {
  return deleteChanges(tenantId, source, done, sql`<=`);
}

/** Changes that were overtaken by one that stays. */
export function forgetOlderStatement(tenantId: TenantId, source: string, newest: readonly Read[]): Statement<unknown> {
  return deleteChanges(tenantId, source, newest, sql`<`);
}

function deleteChanges(tenantId: TenantId, source: string, read: readonly Read[], than: ReturnType<typeof sql>) {
  const keys = read.map(({ key }) => key);
  const seqs = read.map(({ seq }) => seq);
  return sqlBuilder
    .deleteFrom('source_changes')
    .using(
      sql<{ key: string; seq: string }>`unnest(${keys}::text[], ${seqs}::bigint[])`.as<'read'>(sql`read (key, seq)`),
    )
    .where('source_changes.tenant_id', '=', tenantId)
    .where('source_changes.source', '=', source)
    .whereRef('source_changes.key', '=', 'read.key')
    .where(sql<boolean>`source_changes.seq ${than} read.seq`);
}

/** What came before a table was emptied, and with `andItself` the emptying, too. */
export function forgetTruncatedStatement(
  tenantId: TenantId,
  source: string,
  seq: string,
  andItself: boolean,
): Statement<unknown> {
  return sqlBuilder
    .deleteFrom('source_changes')
    .where('tenant_id', '=', tenantId)
    .where('source', '=', source)
    .where('seq', andItself ? '<=' : '<', seq);
}

/** Puts changes off, the longer the oftener they have failed: 2 seconds, 4, 8, ... An hour at most. */
export function postponeChangeStatement(
  tenantId: TenantId,
  source: string,
  { key, seq }: Read,
  reason: string,
  mostAttempts: number,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('source_changes')
    .set({
      attempts: sql<number>`attempts + 1`,
      available_at: sql<Date>`now() + make_interval(secs => least(2 ^ least(attempts + 1, 12), 3600))`,
      reason: reason.slice(0, 500),
      dead_at: sql<Date | null>`case when attempts + 1 >= ${mostAttempts} then now() end`,
    })
    .where('tenant_id', '=', tenantId)
    .where('source', '=', source)
    .where('key', '=', key)
    .where('seq', '=', seq);
}

/** Sets a change aside that cannot be a document until its row is another. */
export function buryChangeStatement(
  tenantId: TenantId,
  source: string,
  { key, seq }: Read,
  reason: string,
): Statement<unknown> {
  return sqlBuilder
    .updateTable('source_changes')
    .set({ attempts: sql<number>`attempts + 1`, reason: reason.slice(0, 500), dead_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('source', '=', source)
    .where('key', '=', key)
    .where('seq', '=', seq);
}

/** Documents of these external ids, deleted and expired ones included, for good. */
export function deleteByKeysStatement(tenantId: TenantId, collection: string, keys: readonly string[]) {
  return sqlBuilder
    .deleteFrom('documents')
    .where('tenant_id', '=', tenantId)
    .where('collection', '=', collection)
    .where('external_id', '=', sql<string>`any(${keys}::text[])`)
    .returning(sql.ref<DocumentId>('id').as('id'));
}

/** Some documents of a collection that have an external id, for good. */
export function deleteSomeStatement(tenantId: TenantId, collection: string, limit: number) {
  return sqlBuilder
    .deleteFrom('documents')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', (db) =>
      db
        .selectFrom('documents')
        .select('id')
        .where('tenant_id', '=', tenantId)
        .where('collection', '=', collection)
        .where('external_id', 'is not', null)
        .limit(limit),
    )
    .returning(sql.ref<DocumentId>('id').as('id'));
}
