import type { Principal } from '../auth/principal.ts';
import { fingerprint } from '../cursor.ts';
import { writeAsTenant } from '../db/tenant.ts';
import { announceOutcomes } from './announce-outcomes.ts';
import { checkDocuments, type DocumentInput, failAtOnce, type OnFault } from './document-input.ts';
import { onlyOnce } from './only-once.ts';
import { registerTenantStatement } from './upsert-statements.ts';
import type { IngestDeps, LeftOut, UpsertOutcome, WriteRequest, WriteResult } from './write.ts';
import { writeChecked } from './write-checked.ts';

/** {@link writeDocuments}, all or nothing. */
export async function upsertDocuments(
  deps: IngestDeps,
  principal: Principal,
  documents: readonly DocumentInput[],
): Promise<readonly UpsertOutcome[]> {
  return (await writeDocuments(deps, principal, { documents, atomic: true })).outcomes;
}

/**
 * Creates or replaces documents, with their chunks and the duty to embed them, in one transaction. Documents whose content is
 * what it was cost a read.
 * @throws {InvalidDocumentError} in an atomic write, when one cannot be stored, or names an id that does not exist.
 * @throws {VersionConflictError} in an atomic write, when one is not at the expected version.
 * @throws {IdempotencyError} for a key under which another write was sent.
 * @throws what `checkWrite` throws.
 */
export async function writeDocuments(
  deps: IngestDeps,
  principal: Principal,
  request: WriteRequest,
): Promise<WriteResult> {
  const early: LeftOut[] = [];
  const inputs = checkDocuments(request.documents, faultHandler(request, early));
  if (inputs.length === 0) return { outcomes: [], leftOut: early, jobId: null };
  const { idempotencyKey: key, documents, atomic } = request;
  const asked = fingerprint(['upsertDocuments', documents, atomic]);
  const { result, isFirst } = await writeAsTenant(deps.database, principal, async (execute) => {
    await execute(registerTenantStatement(principal.tenantId));
    return onlyOnce(principal, key, asked, execute, async () => {
      const leftOut = [...early];
      const onFault = faultHandler(request, leftOut);
      return { ...(await writeChecked(deps, principal, inputs, request, onFault, execute)), leftOut };
    });
  });
  if (isFirst) announceOutcomes(deps, principal, result.outcomes);
  if (isFirst && result.jobId !== null) deps.onPending();
  return { ...result, leftOut: [...result.leftOut].sort((a, b) => a.index - b.index) };
}

function faultHandler({ atomic }: WriteRequest, leftOut: LeftOut[]): OnFault {
  if (atomic) return failAtOnce;
  return (fault) => {
    const { index, code, message } = fault;
    leftOut.push({ index, code, message, ...('currentVersion' in fault && { currentVersion: fault.currentVersion }) });
  };
}
