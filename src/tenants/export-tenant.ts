import { auditStatement } from '../db/audit.ts';
import { type Database, readInFlight, transact } from '../db/database.ts';
import { exporterScope, type Scope } from '../db/scope.ts';
import { parseVector } from '../db/vector-parameter.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import {
  exportedCollectionsStatement,
  exportedCountStatement,
  exportedDocumentsStatement,
  exportedModelStatement,
  exportedTenantStatement,
  exportedVectorsStatement,
} from './export-statements.ts';
import { TenantStateError } from './tenant-error.ts';
import {
  encodeVector,
  type TransferDocumentLine,
  type TransferEnd,
  type TransferHeader,
  type TransferredVector,
  transferFormat,
} from './transfer-format.ts';

export interface ExportOptions {
  /** Whether documents carry the vectors of their passages. */
  readonly vectors: boolean;
  /** Who exports, for the tenant's audit log. */
  readonly subject: string;
}

/** Documents that are in memory at the same time: twenty of the largest are 60 MB. */
const pageSize = 20;

/**
 * Reads a tenant whole, suspended or not, whoever in it may see what: its declared collections and its documents, in its scope.
 * Not its API keys, which are stored as hashes. What is written meanwhile may be in it or not; of a suspended tenant it is a
 * snapshot. That it is exported is put down in the tenant's audit log before anything of it is read.
 * @param database of a login that may take the exporter's role: the worker's.
 * @returns lines without their `\n`; memory does not grow with the tenant.
 * @throws {TenantStateError} `TENANT_NOT_FOUND`.
 */
export async function* exportTenant(
  database: Database,
  tenantId: TenantId,
  { vectors, subject }: ExportOptions,
): AsyncGenerator<string> {
  const scope = exporterScope(tenantId);
  await putDown(database, { ...scope, subject }, tenantId, vectors);
  const [[tenant], collections, [model]] = await readInFlight(database, scope, [
    exportedTenantStatement(tenantId),
    exportedCollectionsStatement(tenantId),
    exportedModelStatement(tenantId),
  ]);
  // Erased between the two.
  if (!tenant) throw new TenantStateError('TENANT_NOT_FOUND', tenantId);
  const carried = vectors ? model : undefined;
  yield JSON.stringify({
    ...transferFormat,
    exportedAt: new Date().toISOString(),
    tenant,
    collections,
    model: carried ? { name: carried.name, dimensions: carried.dimensions } : null,
  } satisfies TransferHeader);
  let documents = 0;
  let after: DocumentId | undefined;
  do {
    const [page] = await readInFlight(database, scope, [exportedDocumentsStatement(tenantId, after, pageSize)]);
    const vectorsOf = carried
      ? await readVectors(
          page.map(({ id }) => id),
          carried.id,
        )
      : undefined;
    for (const document of page) {
      const found = vectorsOf?.get(document.id);
      yield JSON.stringify({ document, ...(found && { vectors: found }) } satisfies TransferDocumentLine);
    }
    documents += page.length;
    after = page.length === pageSize ? page.at(-1)?.id : undefined;
  } while (after !== undefined);
  yield JSON.stringify({ end: { documents } } satisfies TransferEnd);

  async function readVectors(ids: readonly DocumentId[], modelId: number) {
    const [rows] = await readInFlight(database, scope, [exportedVectorsStatement(tenantId, modelId, ids)]);
    const found = new Map<DocumentId, TransferredVector[]>();
    for (const { documentId, contentHash, vector } of rows) {
      const passages = found.get(documentId) ?? [];
      passages.push({ contentHash: contentHash.toString('base64'), vector: encodeVector(parseVector(vector)) });
      found.set(documentId, passages);
    }
    return found;
  }
}

async function putDown(database: Database, scope: Scope, tenantId: TenantId, vectors: boolean): Promise<void> {
  await transact(database, scope, async (execute) => {
    const [tenant] = await execute(exportedTenantStatement(tenantId));
    if (!tenant) throw new TenantStateError('TENANT_NOT_FOUND', tenantId);
    const [counted] = await execute(exportedCountStatement(tenantId));
    const details = { documents: counted?.documents ?? 0, vectors };
    await execute(
      auditStatement(tenantId, { action: 'exportTenant', targetKind: 'tenant', targetIds: [tenantId], details }),
    );
  });
}
