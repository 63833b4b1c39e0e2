import { timingSafeEqual } from 'node:crypto';
import { hashApiKey, isApiKey, readApiKeyPrefix } from '../auth/api-key.ts';
import type { Principal } from '../auth/principal.ts';
import type { VerifyToken } from '../auth/verify-token.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { gateScope } from '../db/scope.ts';
import { Refusal } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { findApiKeysStatement, tokenIsRevokedStatement } from './access-statements.ts';
import type { KeyUses } from './key-uses.ts';
import { limitLookUps } from './limit-look-ups.ts';
import type { FoundKey, Revocations } from './revocations.ts';

export interface AuthenticateDeps {
  readonly database: Database;
  /** Checks JWTs. */
  readonly verifyToken: VerifyToken;
  readonly revocations: Revocations;
  readonly keyUses: KeyUses;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Makes the function that turns a bearer credential, a JWT or an API key, into a principal. While revocations are heard of,
 * neither a token nor a key that was seen before costs a look at the database.
 *
 * It throws a `Refusal`: `UNAUTHENTICATED`, `TOKEN_REVOKED`, or `DATABASE_UNAVAILABLE` where it would have to look, and
 * `TOO_MANY_UNKNOWN_KEYS` where it would have to look too often in vain.
 */
export function createAuthenticator(deps: AuthenticateDeps): VerifyToken {
  const { database, verifyToken, revocations, keyUses, now = Date.now } = deps;
  const lookUp = limitLookUps();

  return async (credential, signal) => {
    const own: Database = signal ? { ...database, signal } : database;
    if (isApiKey(credential)) return authenticateKey(own, credential);
    const principal = await verifyToken(credential, signal);
    const { tenantId, tokenId } = principal;
    if (tokenId === undefined || !(await isRevoked(own, tenantId, tokenId))) return principal;
    throw new Refusal('TOKEN_REVOKED', 'The token was revoked. Get a new one.');
  };

  async function isRevoked(own: Database, tenantId: TenantId, tokenId: string): Promise<boolean> {
    if (revocations.isReliable()) return revocations.isTokenRevoked(tenantId, tokenId);
    const [rows] = await readInFlight(own, gateScope, [tokenIsRevokedStatement(tenantId, tokenId)]);
    return rows[0]?.revoked ?? true;
  }

  async function authenticateKey(own: Database, text: string): Promise<Principal> {
    const prefix = readApiKeyPrefix(text);
    const hash = hashApiKey(text);
    const name = hash.toString('base64');
    const key = revocations.recall(name) ?? (await lookUp(name, () => findKey(own, prefix, hash, name), own.signal));
    if (key === undefined) {
      throw new Refusal('UNAUTHENTICATED', 'The API key is not known here. Check that it was copied whole.');
    }
    if (key.revokedAt !== null) {
      throw new Refusal('TOKEN_REVOKED', `The API key was revoked at ${key.revokedAt.toISOString()}. Use another.`);
    }
    if (key.expiresAt !== null && key.expiresAt.getTime() <= now()) {
      throw new Refusal('UNAUTHENTICATED', `The API key expired at ${key.expiresAt.toISOString()}. Use another.`);
    }
    const { tenantId, id: keyId, subject, groups, scopes } = key;
    keyUses.note(tenantId, keyId);
    return Object.freeze({ tenantId, subject, groups, scopes, keyId });
  }

  /** Of all keys with the prefix the one with the hash. Each is compared in constant time, and each is compared. */
  async function findKey(own: Database, prefix: string, hash: Buffer, name: string): Promise<FoundKey | undefined> {
    const generation = revocations.generation();
    const [found] = await readInFlight(own, gateScope, [findApiKeysStatement(prefix)]);
    const [key] = found.filter(({ secretHash }) => timingSafeEqual(secretHash, hash));
    if (key?.revokedAt === null) revocations.remember(name, key, generation);
    return key;
  }
}
