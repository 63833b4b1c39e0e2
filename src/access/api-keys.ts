import { newApiKey } from '../auth/api-key.ts';
import type { Principal } from '../auth/principal.ts';
import type { Secret } from '../config/secret.ts';
import { auditStatement } from '../db/audit.ts';
import { type Database, readInFlight, transact } from '../db/database.ts';
import { adminScope, revokerScope } from '../db/scope.ts';
import { Refusal } from '../errors.ts';
import { type ApiKeyId, newApiKeyId } from '../ids.ts';
import { checkKeyInput, type KeyInput } from './key-input.ts';
import {
  insertKeyStatement,
  keysStatement,
  registerKeyOwnerStatement,
  revokeKeyStatement,
  usableKeyCountStatement,
} from './key-statements.ts';
import type { Revocation } from './revocations.ts';

export interface AccessDeps {
  readonly database: Database;
  /** Called after the commit that took something back, so that this process knows it before anybody is told. */
  readonly onRevoked: (revocation: Revocation) => void;
}

/** A stored key, without its secret. */
export interface ApiKey {
  readonly id: ApiKeyId;
  /** The part of the key that is no secret. */
  readonly prefix: string;
  readonly name: string;
  readonly subject: string;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  /** Subject of whoever made it. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** To the minute or so. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Keys of a tenant that hold at the same time, at most, and keys that are listed. */
const mostKeys = 1_000;

/**
 * Makes a key for the caller's tenant. The principal must hold `tenant:admin`: PostgreSQL refuses (42501) one that does not.
 * @returns what is stored, and the key itself, which is stored nowhere.
 * @throws {Refusal} `BAD_USER_INPUT`, or `FORBIDDEN` for a scope that the caller does not hold.
 */
export async function createApiKey(
  { database }: Pick<AccessDeps, 'database'>,
  principal: Principal,
  input: KeyInput,
): Promise<{ readonly key: Secret; readonly apiKey: ApiKey }> {
  checkKeyInput(principal, input, Date.now());
  const { tenantId } = principal;
  const { key, prefix, hash } = newApiKey();
  const row = {
    id: newApiKeyId(),
    prefix,
    secretHash: hash,
    name: input.name,
    subject: input.subject ?? `key:${prefix}`,
    groups: [...new Set(input.groups)],
    scopes: [...new Set(input.scopes)],
    createdBy: principal.subject,
    expiresAt: input.expiresAt ?? null,
  };
  const [apiKey] = await transact(database, adminScope(principal), async (execute) => {
    await execute(registerKeyOwnerStatement(tenantId));
    const [usable] = await execute(usableKeyCountStatement(tenantId));
    if ((usable?.count ?? 0) >= mostKeys) {
      throw new Refusal('BAD_USER_INPUT', `The tenant has ${mostKeys} keys that hold; revoke some to make more.`);
    }
    const { name, subject, scopes, groups, expiresAt } = row;
    const details = { prefix, name, subject, scopes, groups: groups.length, expiresAt };
    const entry = { action: 'createApiKey', targetKind: 'apiKey', targetIds: [row.id], details };
    await execute(auditStatement(tenantId, entry));
    return execute(insertKeyStatement(tenantId, row));
  });
  return { key, apiKey: apiKey as ApiKey };
}

/** The tenant's keys, newest first, those that hold no longer included; at most 1,000. Also while it is suspended, so that one can be revoked. */
export async function readApiKeys({ database }: Pick<AccessDeps, 'database'>, principal: Principal): Promise<ApiKey[]> {
  const [keys] = await readInFlight(database, revokerScope(principal), [keysStatement(principal.tenantId, mostKeys)]);
  return keys;
}

/**
 * Takes a key back, also while the tenant is suspended. It is refused from then on, here at once and by every other gateway as soon as it hears of it.
 * @returns the key as it is now; undefined for one that is nobody's or another tenant's.
 */
export async function revokeApiKey(
  { database, onRevoked }: AccessDeps,
  principal: Principal,
  id: ApiKeyId,
): Promise<ApiKey | undefined> {
  const { tenantId } = principal;
  const key = await transact(database, revokerScope(principal), async (execute) => {
    const [revoked] = await execute(revokeKeyStatement(tenantId, id));
    if (revoked) {
      const details = { prefix: revoked.prefix };
      const entry = { action: 'revokeApiKey', targetKind: 'apiKey', targetIds: [id], details };
      await execute(auditStatement(tenantId, entry));
    }
    return revoked;
  });
  if (key) onRevoked({ keyId: id });
  return key;
}
