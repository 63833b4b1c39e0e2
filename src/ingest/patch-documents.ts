import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { type AccessList, findAccessListFault } from '../access-list.ts';
import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Execute } from '../db/database.ts';
import { writeAsTenant } from '../db/tenant.ts';
import type { DocumentId, TenantId } from '../ids.ts';
import { announceOutcomes } from './announce-outcomes.ts';
import { findAttributeFault } from './attribute-fault.ts';
import { resolveAudiences } from './audiences.ts';
import { lockCollectionsStatement, readCollectionSettings } from './collection-settings.ts';
import {
  documentLimits,
  findTextFault,
  findUrlFault,
  InvalidDocumentError,
  namedTwice,
  VersionConflictError,
} from './document-input.ts';
import { findMetadataFault } from './metadata-fault.ts';
import { replaceAttributes } from './replace-attributes.ts';
import type { StoredDocument } from './resolve-documents.ts';
import { lockDocumentsStatement, registerTenantStatement } from './upsert-statements.ts';
import type { IngestDeps, UpsertOutcome } from './write.ts';

/** What is to become of a document beside its text. What is absent stays as it is. */
export interface DocumentPatch {
  readonly id: DocumentId;
  /** In place of all that is there. */
  readonly metadata?: Record<string, unknown>;
  /** Into what is there: a key with null goes, any other is set whole. */
  readonly mergeMetadata?: Record<string, unknown>;
  readonly status?: string;
  /** Null for none. */
  readonly url?: string | null;
  /** Null for never. */
  readonly expiresAt?: Date | null;
  /** In place of the list that is there; null for the whole tenant. */
  readonly acl?: AccessList | null;
  /** Patch it only if this is its version. */
  readonly ifVersion?: number;
}

/** The columns of a patched document. */
export interface PatchedRow {
  readonly id: DocumentId;
  /** JSON text of an object. */
  readonly metadata: string;
  readonly status: string;
  readonly url: string | null;
  readonly expiresAt: Date | null;
  /** Number of its access list; 0 for the whole tenant. */
  readonly audience: number;
}

/** Where the audience changes, the foreign keys take the change to passages, vectors and jobs. */
export function patchDocumentStatement(
  tenantId: TenantId,
  { id, metadata, status, url, expiresAt, audience }: PatchedRow,
) {
  return sqlBuilder
    .updateTable('documents')
    .set({
      metadata,
      status,
      url,
      expires_at: expiresAt,
      audience,
      version: sql<number>`version + 1`,
      updated_at: sql<Date>`now()`,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returning('version');
}

/**
 * Changes what documents carry beside their text: nothing is chunked or embedded anew. All or nothing.
 * @param action by which name the audit log has it.
 * @returns one outcome per patch, in order.
 * @throws {InvalidDocumentError} for a document that does not exist, comes twice or could not be stored like this.
 * @throws {VersionConflictError}
 */
export async function patchDocuments(
  deps: Pick<IngestDeps, 'database'>,
  principal: Principal,
  patches: readonly DocumentPatch[],
  action: 'patchDocuments' | 'patchDocument' = 'patchDocuments',
): Promise<UpsertOutcome[]> {
  const outcomes = await writeAsTenant(deps.database, principal, (execute) =>
    patch(principal.tenantId, patches, action, execute),
  );
  announceOutcomes(deps, principal, outcomes);
  return outcomes;
}

async function patch(
  tenantId: TenantId,
  patches: readonly DocumentPatch[],
  action: string,
  execute: Execute,
): Promise<UpsertOutcome[]> {
  refuseDuplicates(patches);
  refuseLists(patches);
  // Lists are its tenant's: of one that has written nothing yet they could not be stored, and what is wrong is the document.
  if (patches.some(({ acl }) => acl)) await execute(registerTenantStatement(tenantId));
  await execute(lockCollectionsStatement(tenantId, 'write'));
  // Before any document is locked, as in any write.
  const lists = patches.map(({ acl }) => acl ?? undefined);
  const audiences = await resolveAudiences(tenantId, lists, execute);
  const ids = patches.map(({ id }) => id);
  const stored = new Map((await execute(lockDocumentsStatement(tenantId, ids, []))).map((row) => [row.id, row]));
  const names = [...stored.values()].map(({ collection }) => collection);
  const settings = await readCollectionSettings(tenantId, names, execute);
  const outcomes: UpsertOutcome[] = [];
  for (const [index, change] of patches.entries()) {
    const { id, ifVersion } = change;
    const found = stored.get(id);
    const existing = found?.isGone ? undefined : found;
    if (ifVersion !== undefined && ifVersion !== (existing?.version ?? 0))
      throw new VersionConflictError(index, ifVersion, existing?.version ?? 0);
    if (!existing) throw new InvalidDocumentError(index, 'there is no document with the id that was given.');
    const metadata = patchedMetadata(existing.metadata, change);
    const attributes = settings.get(existing.collection)?.attributes ?? [];
    const fault = findFault(change, metadata) ?? findAttributeFault(existing.collection, attributes, metadata);
    if (fault) throw new InvalidDocumentError(index, fault);
    const status = change.status ?? existing.status;
    const url = change.url === undefined ? existing.url : change.url;
    const expiresAt = change.expiresAt === undefined ? existing.expires_at : change.expiresAt;
    const audience = change.acl === undefined ? existing.audience : (audiences[index] as number);
    if (isSame(existing, { metadata, status, url, expiresAt, audience })) {
      outcomes.push({ index, id, status: 'UNCHANGED', version: existing.version });
      continue;
    }
    const row = { id, metadata: JSON.stringify(metadata), status, url, expiresAt, audience };
    const [patched] = await execute(patchDocumentStatement(tenantId, row));
    outcomes.push({ index, id, status: 'UPDATED', version: patched?.version ?? existing.version });
  }
  const changed = outcomes.flatMap(({ id, status }) => (status === 'UPDATED' ? [id] : []));
  await replaceAttributes(tenantId, changed, settings, execute);
  if (changed.length > 0) {
    const entry = { action, targetKind: 'document', targetIds: changed };
    await execute(auditStatement(tenantId, entry));
  }
  return outcomes;
}

function refuseDuplicates(patches: readonly DocumentPatch[]): void {
  const seen = new Map<DocumentId, number>();
  for (const [index, { id }] of patches.entries()) {
    const earlier = seen.get(id);
    if (earlier !== undefined) throw namedTwice(index, earlier);
    seen.set(id, index);
  }
}

/** What no audience can be made of. */
function refuseLists(patches: readonly DocumentPatch[]): void {
  for (const [index, { acl }] of patches.entries()) {
    const fault = acl && findAccessListFault(acl);
    if (fault) throw new InvalidDocumentError(index, `the acl ${fault}`);
  }
}

function patchedMetadata(stored: Record<string, unknown>, { metadata, mergeMetadata }: DocumentPatch) {
  const merged = Object.entries({ ...(metadata ?? stored), ...mergeMetadata });
  const gone = new Set(Object.entries(mergeMetadata ?? {}).flatMap(([key, value]) => (value === null ? [key] : [])));
  return Object.fromEntries(merged.filter(([key]) => !gone.has(key)));
}

function findFault({ status, url }: DocumentPatch, metadata: Record<string, unknown>): string | undefined {
  const fault = findMetadataFault(metadata, documentLimits.metadataBytes);
  if (fault !== undefined) return `the metadata ${fault}`;
  return findTextFault({ url: url ?? undefined, status }) ?? findUrlFault(url ?? undefined);
}

function isSame(existing: StoredDocument, row: Omit<PatchedRow, 'id' | 'metadata'> & { metadata: unknown }): boolean {
  return (
    existing.status === row.status &&
    existing.url === row.url &&
    existing.audience === row.audience &&
    existing.expires_at?.getTime() === row.expiresAt?.getTime() &&
    isDeepStrictEqual(existing.metadata, row.metadata)
  );
}
