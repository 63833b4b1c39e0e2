import { type OnConflictBuilder, sql } from 'kysely';
import type { Schema } from '../db/catalog.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import type { ChunkId, DocumentId, JobId, TenantId } from '../ids.ts';

/** A document ready to be written. */
export interface DocumentRow {
  readonly id: DocumentId;
  readonly collection: string;
  readonly externalId: string | null;
  readonly title: string;
  readonly body: string;
  readonly url: string | null;
  /** JSON text of an object. */
  readonly metadata: string;
  readonly status: string;
  readonly language: string;
  /** Number of its access list; 0 for the whole tenant. */
  readonly audience: number;
  readonly contentHash: Buffer;
  /** From when on nobody sees it; null for never. */
  readonly expiresAt: Date | null;
}

/** A chunk ready to be written. */
export interface ChunkRow {
  readonly id: ChunkId;
  readonly documentId: DocumentId;
  readonly ordinal: number;
  readonly context: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly language: string;
  /** Its document's. */
  readonly audience: number;
  readonly contentHash: Buffer;
}

/** A tenant named by a trusted issuer exists from its first write on. */
export function registerTenantStatement(tenantId: TenantId): Statement<unknown> {
  return sqlBuilder
    .insertInto('tenants')
    .values({ id: tenantId })
    .onConflict((oc) => oc.column('id').doNothing());
}

/** Its vectors belong to this model from then on; a tenant that has an active model keeps it. */
export function registerTenantModelStatement(tenantId: TenantId, modelId: number): Statement<unknown> {
  return sqlBuilder
    .insertInto('tenant_models')
    .values({ tenant_id: tenantId, model_id: modelId })
    .onConflict((oc) => oc.doNothing());
}

/**
 * Locks the documents that a write names, by id or by collection and external id. In the order of their keys, in which new
 * ones are inserted, too: two writes that meet then wait for each other and do not deadlock.
 */
export function lockDocumentsStatement(
  tenantId: TenantId,
  ids: readonly DocumentId[],
  keys: readonly { readonly collection: string; readonly externalId: string }[],
) {
  const collections = keys.map((key) => key.collection);
  const externalIds = keys.map((key) => key.externalId);
  return sqlBuilder
    .selectFrom('documents')
    .select([
      'id',
      'collection',
      'external_id',
      'title',
      'url',
      'metadata',
      'status',
      'language',
      'content_hash',
      'version',
      'audience',
      'expires_at',
      // Deleted or expired: nobody sees it, and what is written under its key takes its place.
      sql<boolean>`deleted_at is not null or coalesce(expires_at <= now(), false)`.as('isGone'),
    ])
    .where('tenant_id', '=', tenantId)
    .where((eb) =>
      eb.or([
        eb('id', '=', sql<string>`any(${ids}::uuid[])`),
        sql<boolean>`(documents.collection, documents.external_id) in (
          select * from unnest(${collections}::text[], ${externalIds}::text[]))` as never,
      ]),
    )
    .orderBy(sql`collection collate "C"`)
    .orderBy(sql`external_id collate "C"`)
    .orderBy('id')
    .forUpdate();
}

/** Writes documents that were not there; where another write was faster, replaces what it wrote. */
export function insertDocumentsStatement(tenantId: TenantId, rows: readonly DocumentRow[]) {
  return sqlBuilder
    .insertInto('documents')
    .values(
      rows.map((row) => ({
        tenant_id: tenantId,
        id: row.id,
        collection: row.collection,
        external_id: row.externalId,
        title: row.title,
        body: row.body,
        url: row.url,
        metadata: row.metadata,
        status: row.status,
        language: row.language,
        content_hash: row.contentHash,
        audience: row.audience,
        expires_at: row.expiresAt,
      })),
    )
    .onConflict(replaceStored)
    .returning(['id', 'collection', 'external_id', 'version']);
}

/** What becomes of a document that another write stored in the meantime. */
export function replaceStored(oc: OnConflictBuilder<Schema, 'documents'>) {
  return oc.columns(['tenant_id', 'collection', 'external_id']).doUpdateSet((eb) => ({
    title: eb.ref('excluded.title'),
    body: eb.ref('excluded.body'),
    url: eb.ref('excluded.url'),
    metadata: eb.ref('excluded.metadata') as never,
    status: eb.ref('excluded.status') as never,
    language: eb.ref('excluded.language'),
    content_hash: eb.ref('excluded.content_hash'),
    audience: eb.ref('excluded.audience') as never,
    expires_at: eb.ref('excluded.expires_at'),
    deleted_at: null,
    deletion: null,
    version: sql<number>`documents.version + 1`,
    updated_at: sql<Date>`now()`,
  }));
}

/** Replaces a document that was locked before. */
export function updateDocumentStatement(tenantId: TenantId, row: DocumentRow) {
  return sqlBuilder
    .updateTable('documents')
    .set({
      collection: row.collection,
      external_id: row.externalId,
      title: row.title,
      body: row.body,
      url: row.url,
      metadata: row.metadata,
      status: row.status,
      language: row.language,
      content_hash: row.contentHash,
      audience: row.audience,
      expires_at: row.expiresAt,
      version: sql<number>`version + 1`,
      updated_at: sql<Date>`now()`,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', row.id)
    .returning('version');
}

export function insertChunksStatement(tenantId: TenantId, rows: readonly ChunkRow[]): Statement<unknown> {
  return sqlBuilder.insertInto('chunks').values(
    rows.map((row) => ({
      tenant_id: tenantId,
      id: row.id,
      document_id: row.documentId,
      ordinal: row.ordinal,
      context: row.context,
      text: row.text,
      start_offset: row.start,
      end_offset: row.end,
      language: row.language,
      content_hash: row.contentHash,
      audience: row.audience,
    })),
  );
}

/**
 * The duty to embed, in the transaction that writes the chunks: by the active model, as part of a job, and by a candidate,
 * which nobody waits for.
 * @param jobId null where nobody asked for it.
 * @param isBulk whether edits go before them.
 * @param leaseSeconds for which the active model's part is the writer's own duty, and no worker's.
 */
export function insertJobsStatement(
  tenantId: TenantId,
  chunkIds: readonly ChunkId[],
  jobId: JobId | null,
  isBulk: boolean,
  leaseSeconds = 0,
): Statement<unknown> {
  const isLeased = leaseSeconds > 0;
  const availableAt =
    sql<Date>`case when tenant_models.role = 'active' then now() + make_interval(secs => ${leaseSeconds}) else now() end`.as(
      'available_at',
    );
  return sqlBuilder
    .insertInto('embedding_jobs')
    .columns([
      'tenant_id',
      'model_id',
      'chunk_id',
      'audience',
      'job_id',
      'is_bulk',
      ...(isLeased ? ['available_at' as const] : []),
    ])
    .expression((eb) =>
      eb
        .selectFrom('chunks')
        .innerJoin('tenant_models', 'tenant_models.tenant_id', 'chunks.tenant_id')
        .select([
          'chunks.tenant_id',
          'tenant_models.model_id',
          'chunks.id',
          'chunks.audience',
          sql<string | null>`case when tenant_models.role = 'active' then ${jobId}::uuid end`.as('job_id'),
          sql<boolean>`${isBulk}::boolean`.as('is_bulk'),
          ...(isLeased ? [availableAt] : []),
        ])
        .where('chunks.tenant_id', '=', tenantId)
        .where('chunks.id', '=', sql<string>`any(${chunkIds}::uuid[])`)
        .where('tenant_models.tenant_id', '=', tenantId)
        .where('tenant_models.role', 'in', sql<'active'>`('active', 'candidate')` as never),
    );
}
