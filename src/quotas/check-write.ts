import type { Principal } from '../auth/principal.ts';
import type { Execute } from '../db/database.ts';
import type { ApiKeyId, TenantId } from '../ids.ts';
import { type Limits, QuotaExceededError, type QuotaKind } from '../quota.ts';
import type { Quotas } from './open-quotas.ts';
import {
  lockStorageStatement,
  storageLimitsStatement,
  storedStatement,
  takeQuotaStatement,
} from './quota-statements.ts';

/** What a write has added to what is stored, in the transaction that is still open. */
interface StoredContent {
  /** Documents that were not there, or not any more. */
  readonly documents: number;
  /** New chunks. */
  readonly chunks: number;
}

/** What a write has added, with what it leaves to embed. */
export interface AddedContent extends StoredContent {
  /** The texts that are to be embedded, in parts; asked for only where tokens are limited. */
  readonly texts: () => AsyncIterable<readonly string[]> | Iterable<readonly string[]>;
}

/**
 * Makes the check that a write stays within what its tenant may store and have embedded. It is the last thing a write does
 * before it commits, in its transaction: writes of one tenant then wait for one another, only where they are limited and only
 * for their commits, so that two which would fit alone cannot both get in. Tokens that were counted for a write that is
 * rolled back are given back by the same rollback.
 *
 * The check throws a `QuotaExceededError`.
 */
export function createWriteCheck(
  { limits, windowSeconds }: Quotas,
  countTokens: (text: string) => number,
  onRefused: (kind: QuotaKind) => void = () => {},
) {
  return async function checkWrite(principal: Principal, added: AddedContent, execute: Execute): Promise<void> {
    try {
      await check(principal, added, execute);
    } catch (error) {
      if (error instanceof QuotaExceededError) onRefused(error.kind);
      throw error;
    }
  };

  async function check(principal: Principal, added: AddedContent, execute: Execute): Promise<void> {
    const { tenant = {}, key = {} } = limits.of(principal);
    const { tenantId, keyId } = principal;
    await checkStorage(tenantId, tenant, added, execute);
    const isCounted = tenant.embeddingTokensPerDay !== undefined || key.embeddingTokensPerDay !== undefined;
    if (!isCounted) return;
    let tokens = 0;
    for await (const part of added.texts()) for (const text of part) tokens += countTokens(text);
    await spendTokens(tenant.embeddingTokensPerDay, undefined, tokens, execute);
    await spendTokens(key.embeddingTokensPerDay, keyId, tokens, execute);
  }

  async function spendTokens(
    limit: number | undefined,
    keyId: ApiKeyId | undefined,
    tokens: number,
    execute: Execute,
  ): Promise<void> {
    if (limit === undefined || tokens === 0) return;
    const kind = 'embeddingTokensPerDay';
    const wanted = { keyId, kind, atLeast: tokens, wished: tokens, limit, windowSeconds: windowSeconds[kind] } as const;
    const [taken] = await execute(takeQuotaStatement(wanted));
    if (taken && taken.granted >= tokens) return;
    const holder = keyId === undefined ? 'tenant' : 'apiKey';
    const resetsAt = new Date(Date.now() + (taken?.endsInMs ?? 0));
    throw new QuotaExceededError({ kind, holder, limit }, { wanted: tokens, used: taken?.used ?? limit }, resetsAt);
  }
}

/**
 * Makes the check of a write that nobody sent, such as a change of an attached table or documents that are divided anew: of what its tenant may
 * store, and not of tokens, which nobody spends. It asks the database what the limits are.
 *
 * The check throws a `QuotaExceededError`.
 *
 * @param defaults limits of a tenant for which no others were set.
 */
export function createStorageCheck(defaults: Limits) {
  return async ({ tenantId }: Pick<Principal, 'tenantId'>, added: StoredContent, execute: Execute): Promise<void> => {
    if (added.documents === 0 && added.chunks === 0) return;
    const [set] = await execute(storageLimitsStatement());
    const documents = set?.documents ?? defaults.documents;
    const chunks = set?.chunks ?? defaults.chunks;
    const limits = { ...(documents !== undefined && { documents }), ...(chunks !== undefined && { chunks }) };
    await checkStorage(tenantId, limits, added, execute);
  };
}

async function checkStorage(tenantId: TenantId, limits: Limits, added: StoredContent, execute: Execute): Promise<void> {
  const tables = (['documents', 'chunks'] as const).filter((table) => added[table] > 0 && limits[table] !== undefined);
  if (tables.length > 0) await execute(lockStorageStatement(tenantId));
  for (const table of tables) {
    const limit = limits[table] ?? Number.POSITIVE_INFINITY;
    const [row] = await execute(storedStatement(tenantId, table));
    if (!row || row.stored <= limit) continue;
    const stored = { wanted: row.stored, used: row.stored - added[table] };
    throw new QuotaExceededError({ kind: table, limit }, stored, null);
  }
}
