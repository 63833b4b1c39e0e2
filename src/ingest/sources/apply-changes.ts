import type { Principal } from '../../auth/principal.ts';
import { auditStatement } from '../../db/audit.ts';
import { type BatchSize, createBatchSize } from '../../db/batch-size.ts';
import { type Execute, readInFlight, transact } from '../../db/database.ts';
import { workerScope } from '../../db/scope.ts';
import { writeAsTenant } from '../../db/tenant.ts';
import { Refusal } from '../../errors.ts';
import type { DocumentId, TenantId } from '../../ids.ts';
import { QuotaExceededError } from '../../quota.ts';
import { isShut } from '../../shut-tenant.ts';
import { checkDocuments, type DocumentInput, type OnFault } from '../document-input.ts';
import type { IngestDeps } from '../write.ts';
import { writeChecked } from '../write-checked.ts';
import {
  buryChangeStatement,
  changesOfStatement,
  changesStatement,
  deleteByKeysStatement,
  deleteSomeStatement,
  forgetChangesStatement,
  forgetOlderStatement,
  forgetTruncatedStatement,
  postponeChangeStatement,
  type SourceChange,
  takeSourceStatement,
  truncationStatement,
  waitingSourcesStatement,
} from './change-statements.ts';
import { toDocument } from './changed-document.ts';

/** What changes of attached tables are written with: as the worker's login, which may act for a tenant. */
export type SourceDeps = Pick<IngestDeps, 'database' | 'modelId' | 'chunking'> &
  Partial<Pick<IngestDeps, 'checkWrite'>> & {
    /** Documents that one transaction deletes of a table that was emptied; kept from one call to the next. */
    readonly emptying?: BatchSize;
    /** Told of a table whose changes could not be written; thrown without it. */
    readonly onFault?: (error: unknown, of: Waiting) => void;
  };

/** Changes that one transaction writes. */
const changesPerBatch = 100;
/** Documents that one deletes of a table that was emptied, unless it takes too long for so many. */
export const deletedPerBatch = 1_000;
/** With 2, 4, 8, ... seconds in between some four minutes; then nobody tries it until it is told to, or the row changes. */
const mostAttempts = 7;
/** A row for which its tenant has no room waits until there is some, and is tried every hour at the latest. */
const attemptsWithoutRoom = 2_147_483_647;

/** A tenant's changes of an attached table. */
interface Waiting {
  readonly tenantId: TenantId;
  readonly source: string;
}

/**
 * Writes what applications changed in attached tables: one batch for each tenant and table, so that nobody waits for another's
 * bulk load. Documents are written and their changes deleted in one transaction, so each change is written exactly once.
 * @returns how many changes are done, those that failed among them; 0 when nothing waits.
 */
export async function applySourceChanges(deps: SourceDeps, signal?: AbortSignal): Promise<number> {
  const [waiting] = await readInFlight(deps.database, workerScope(), [waitingSourcesStatement()]);
  const { emptying = createBatchSize(deletedPerBatch) } = deps;
  let done = 0;
  for (const one of waiting) {
    if (signal?.aborted) break;
    try {
      done += await applyBatch({ ...deps, emptying }, one);
    } catch (error) {
      if (!deps.onFault) throw error;
      deps.onFault(error, one);
    }
  }
  return done;
}

/** @param keys of the changes to write; those that have waited longest without them. */
async function applyBatch(
  deps: SourceDeps & Required<Pick<SourceDeps, 'emptying'>>,
  one: Waiting,
  keys?: readonly string[],
): Promise<number> {
  let read: readonly SourceChange[] = [];
  try {
    const { done, isChanged } = await writeAsTenant(deps.database, principalOf(one), async (execute) => {
      const [lock] = await execute(takeSourceStatement(one.tenantId, one.source));
      if (!lock?.isTaken) return { done: 0, isChanged: false };
      const [emptied] = await execute(truncationStatement(one.tenantId, one.source));
      if (emptied) return empty(one, emptied, deps.emptying, execute);
      const { tenantId, source } = one;
      read = await execute(
        keys ? changesOfStatement(tenantId, source, keys) : changesStatement(tenantId, source, changesPerBatch),
      );
      return write(deps, one, read, execute);
    });
    if (isChanged) deps.database.announceChange?.(one.tenantId);
    return done;
  } catch (error) {
    // Suspended or deleted in the meantime, its changes wait or go with it.
    if (isShut(error)) return 0;
    if (error instanceof Refusal && error.code !== 'STATEMENT_TIMEOUT') throw error;
    if (read.length === 0) {
      if (deps.emptying.shrinksAfter(error)) return applyBatch(deps, one, keys);
      throw error;
    }
    return applyHalves(deps, one, read, error);
  }
}

/** One change that cannot be written holds up no other: the batch is divided until it stands alone, and is put off. */
async function applyHalves(
  deps: Parameters<typeof applyBatch>[0],
  one: Waiting,
  read: readonly SourceChange[],
  error: unknown,
) {
  const [alone] = read;
  if (alone && read.length === 1) {
    const reason = error instanceof Error ? error.message : String(error);
    const { tenantId, source } = one;
    await transact(deps.database, scopeOf(one), async (execute) => {
      await execute(forgetOlderStatement(tenantId, source, [alone]));
      const most = error instanceof QuotaExceededError ? attemptsWithoutRoom : mostAttempts;
      await execute(postponeChangeStatement(tenantId, source, alone, reason, most));
    });
    return 1;
  }
  const keys = read.map(({ key }) => key);
  const middle = Math.ceil(keys.length / 2);
  return (await applyBatch(deps, one, keys.slice(0, middle))) + (await applyBatch(deps, one, keys.slice(middle)));
}

interface Applied {
  readonly done: number;
  /** Whether searches find something else now. */
  readonly isChanged: boolean;
}

async function write(
  deps: SourceDeps,
  one: Waiting,
  read: readonly SourceChange[],
  execute: Execute,
): Promise<Applied> {
  const { tenantId, source } = one;
  const principal = principalOf(one);
  const late = read.filter(({ isDue }) => !isDue);
  if (late.length > 0) await execute(forgetOlderStatement(tenantId, source, late));
  const due = read.filter(({ isDue }) => isDue);
  const documents = due.map(toDocument);
  const deleted = await deleteGone(
    one,
    due.filter((_, index) => !documents[index]),
    execute,
  );
  const upserts = due.filter((_, index) => documents[index]);
  const inputs = documents.filter((input): input is DocumentInput => input !== undefined);
  const faults = new Map<number, string>();
  const onFault: OnFault = ({ index, message }) => faults.set(index, message.replace(/^Document \d+: /, ''));
  const checked = checkDocuments(inputs, onFault);
  const written =
    checked.length === 0
      ? []
      : (
          await writeChecked(
            { onPending: () => {}, checkWrite: async () => {}, ...deps },
            principal,
            checked,
            { documents: inputs },
            onFault,
            execute,
          )
        ).outcomes;
  const unfit = upserts.filter((_, index) => faults.has(index));
  for (const [index, reason] of faults) {
    const change = upserts[index];
    if (change) await execute(buryChangeStatement(tenantId, source, change, reason));
  }
  if (unfit.length > 0) await execute(forgetOlderStatement(tenantId, source, unfit));
  const done = due.filter((change) => !unfit.includes(change));
  if (done.length > 0) await execute(forgetChangesStatement(tenantId, source, done));
  const isChanged = deleted.length > 0 || written.some(({ status }) => status !== 'UNCHANGED');
  return { done: read.length, isChanged };
}

/** A row that is gone takes its document along for good: the application's table is where it would come back from. */
async function deleteGone({ tenantId }: Waiting, gone: readonly SourceChange[], execute: Execute) {
  const ids: DocumentId[] = [];
  for (const [collection, changes] of Map.groupBy(gone, (change) => change.collection)) {
    const keys = changes.map(({ key }) => key);
    ids.push(...(await execute(deleteByKeysStatement(tenantId, collection, keys))).map(({ id }) => id));
  }
  await auditDeleted(tenantId, ids, execute);
  return ids;
}

/** The table was emptied: so is its collection, in bounded steps, before anything that came after. */
async function empty(
  { tenantId, source }: Waiting,
  { seq, collection }: Pick<SourceChange, 'seq' | 'collection'>,
  size: BatchSize,
  execute: Execute,
): Promise<Applied> {
  const { most } = size;
  const ids = (await execute(deleteSomeStatement(tenantId, collection, most))).map(({ id }) => id);
  await auditDeleted(tenantId, ids, execute);
  await execute(forgetTruncatedStatement(tenantId, source, seq, ids.length < most));
  size.grow();
  return { done: ids.length + 1, isChanged: ids.length > 0 };
}

async function auditDeleted(tenantId: TenantId, targetIds: readonly DocumentId[], execute: Execute): Promise<void> {
  if (targetIds.length === 0) return;
  const entry = { action: 'deleteDocuments', targetKind: 'document', targetIds, details: { permanently: true } };
  await execute(auditStatement(tenantId, entry));
}

/** The table is who writes, in the audit log, too. */
function principalOf({ tenantId, source }: Waiting): Principal {
  return { tenantId, subject: `table ${source}`.slice(0, 256), groups: [], scopes: ['documents:write'] };
}

function scopeOf(one: Waiting) {
  return { role: 'tessera_tenant', tenantId: one.tenantId, subject: principalOf(one).subject } as const;
}
