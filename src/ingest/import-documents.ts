import { sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { sqlBuilder } from '../db/compile.ts';
import type { Statement } from '../db/database.ts';
import { writeAsTenant } from '../db/tenant.ts';
import type { DocumentId, JobId, TenantId } from '../ids.ts';
import { announceOutcomes } from './announce-outcomes.ts';
import { checkDocuments, type DocumentInput, failAtOnce } from './document-input.ts';
import { registerTenantStatement } from './upsert-statements.ts';
import type { IngestDeps, UpsertOutcome } from './write.ts';
import { writeChecked } from './write-checked.ts';

/** A document that comes from elsewhere, with what it was there. */
export interface ImportedDocument extends DocumentInput {
  readonly id: DocumentId;
  readonly createdAt: Date;
}

/**
 * Stores documents as they were elsewhere, under their ids and with the times at which they were created, in one transaction.
 * One that is there already, by its external id or else by its id, is replaced where it differs, so an import can be
 * repeated. Otherwise it is what an upsert is.
 * @param jobId of an earlier part of the same import.
 * @returns one outcome per document, in order, where one that is new is told as updated; and the job of what is to be embedded, null
 *   where there was nothing so far.
 * @throws {InvalidDocumentError} when one cannot be stored.
 */
export async function importDocuments(
  deps: IngestDeps,
  principal: Principal,
  documents: readonly ImportedDocument[],
  jobId: JobId | null,
): Promise<{ readonly outcomes: readonly UpsertOutcome[]; readonly jobId: JobId | null }> {
  const inputs = documents.map(
    ({ createdAt: _, id, ...input }): DocumentInput => (input.externalId === undefined ? { id, ...input } : input),
  );
  const checked = checkDocuments(inputs);
  if (checked.length === 0) return { outcomes: [], jobId };
  const { tenantId } = principal;
  const written = await writeAsTenant(deps.database, principal, async (execute) => {
    await execute(registerTenantStatement(tenantId));
    await execute(removeGoneStatement(tenantId, documents));
    await execute(reserveDocumentsStatement(tenantId, documents));
    const write = { documents: inputs, ...(jobId !== null && { jobId }) };
    return writeChecked(deps, principal, checked, write, failAtOnce, execute);
  });
  announceOutcomes(deps, principal, written.outcomes);
  if (written.jobId !== null) deps.onPending();
  return written;
}

/** What was deleted here, or has expired, is in nobody's way: what comes under its id or its key begins anew. */
export function removeGoneStatement(tenantId: TenantId, documents: readonly ImportedDocument[]): Statement<unknown> {
  const ids = documents.map(({ id }) => id);
  const keyed = documents.filter(({ externalId }) => externalId !== undefined);
  const collections = keyed.map(({ collection }) => collection);
  const externalIds = keyed.map(({ externalId }) => externalId);
  return sqlBuilder
    .deleteFrom('documents')
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`(deleted_at is not null or expires_at <= now())`)
    .where((eb) =>
      eb.or([
        eb('id', '=', sql<string>`any(${ids}::uuid[])`),
        sql<boolean>`(documents.collection, documents.external_id) in (
          select * from unnest(${collections}::text[], ${externalIds}::text[]))` as never,
      ]),
    );
}

/** Of no content: whatever is written over it differs. */
const noHash = Buffer.alloc(32);

/** Takes ids and times for documents that are not there, to be written over in the same transaction. */
export function reserveDocumentsStatement(
  tenantId: TenantId,
  documents: readonly ImportedDocument[],
): Statement<unknown> {
  return sqlBuilder
    .insertInto('documents')
    .values(
      documents.map(({ id, collection, externalId, createdAt }) => ({
        tenant_id: tenantId,
        id,
        collection,
        external_id: externalId ?? null,
        title: '',
        body: '',
        content_hash: noHash,
        created_at: createdAt,
      })),
    )
    .onConflict((oc) => oc.doNothing());
}
