import { sql } from 'kysely';
import type { Attribute } from '../attribute.ts';
import type { Chunking } from '../chunking.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import type { Language } from '../language.ts';
import { type TransferField, transferFields } from './transfer-format.ts';

export function exportedTenantStatement(tenantId: TenantId) {
  return sqlBuilder.selectFrom('tenants').select(['id', 'name']).where('id', '=', tenantId);
}

export function exportedCollectionsStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('collections')
    .select([
      'name',
      sql<Language>`language`.as('language'),
      sql<readonly Attribute[]>`attributes`.as('attributes'),
      sql<Chunking | null>`chunking`.as('chunking'),
    ])
    .where('tenant_id', '=', tenantId)
    .orderBy('name');
}

/** The model whose vectors are searched. */
export function exportedModelStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('tenant_models')
    .innerJoin('models', 'models.id', 'tenant_models.model_id')
    .select(['models.id', 'models.name', 'models.dimensions'])
    .where('tenant_models.tenant_id', '=', tenantId)
    .where('tenant_models.role', '=', 'active');
}

type ExportedDocument = { readonly [Field in TransferField]: unknown } & { readonly id: DocumentId };

/** A page of whole documents in the order of their ids, behind one of them. The policy hides what is deleted or has expired. */
export function exportedDocumentsStatement(tenantId: TenantId, after: DocumentId | undefined, limit: number) {
  const columns = Object.entries(transferFields).map(([field, { column }]) =>
    (column === 'acl' ? accessList(tenantId) : sql.ref<unknown>(`documents.${column}`)).as(field),
  );
  return sqlBuilder
    .selectFrom('documents')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .$if(after !== undefined, (query) => query.where('id', '>', after as DocumentId))
    .orderBy('documents.id')
    .limit(limit)
    .$castTo<ExportedDocument>();
}

/** How many documents there are to be exported. */
export function exportedCountStatement(tenantId: TenantId) {
  return sqlBuilder
    .selectFrom('documents')
    .select(sql<number>`count(*)::integer`.as('documents'))
    .where('tenant_id', '=', tenantId);
}

/** Who may read a document; null for the whole tenant. */
function accessList(tenantId: TenantId) {
  return sql<unknown>`(select jsonb_build_object('users', a.users, 'groups', a.groups) from audiences a
    where a.tenant_id = ${tenantId} and a.id = documents.audience)`;
}

/** Passages of documents with their vectors. One that waits for its vector is not among them. */
export function exportedVectorsStatement(tenantId: TenantId, modelId: number, documentIds: readonly DocumentId[]) {
  return sqlBuilder
    .selectFrom('chunks')
    .innerJoin('embeddings', (join) =>
      join
        .onRef('embeddings.tenant_id', '=', 'chunks.tenant_id')
        .onRef('embeddings.chunk_id', '=', 'chunks.id')
        .on('embeddings.model_id', '=', modelId)
        // Not one that stands in for it: it is of another text.
        .on('embeddings.stand_in', '=', 0),
    )
    .select([
      sql.ref<DocumentId>('chunks.document_id').as('documentId'),
      'chunks.content_hash as contentHash',
      'embeddings.full_vector as vector',
    ])
    .where('chunks.tenant_id', '=', tenantId)
    .where('embeddings.tenant_id', '=', tenantId)
    .where('chunks.document_id', '=', sql<string>`any(${documentIds}::uuid[])`)
    .orderBy('chunks.document_id')
    .orderBy('chunks.ordinal');
}
