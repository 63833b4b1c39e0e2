import { isUsableText } from '../auth/claims.ts';
import type { Principal } from '../auth/principal.ts';
import { auditStatement } from '../db/audit.ts';
import { transact } from '../db/database.ts';
import { revokerScope } from '../db/scope.ts';
import { Refusal } from '../errors.ts';
import type { AccessDeps } from './api-keys.ts';
import { registerKeyOwnerStatement, revokeTokenStatement } from './key-statements.ts';

export interface RevokedToken {
  /** The token's `jti`. */
  readonly tokenId: string;
  readonly expiresAt: Date;
  readonly revokedAt: Date;
}

/**
 * Takes a token of the caller's tenant back before its time, also while the tenant is suspended. The principal must hold `tenant:admin`.
 * @param expiresAt the token's own expiry: until then, and a little longer, its id is kept.
 * @throws {Refusal} `BAD_USER_INPUT` for an id that no token can have, or an expiry that is past.
 */
export async function revokeToken(
  { database, onRevoked }: AccessDeps,
  principal: Principal,
  tokenId: string,
  expiresAt: Date,
): Promise<RevokedToken> {
  if (!isUsableText(tokenId)) {
    throw new Refusal('BAD_USER_INPUT', 'The token id is not usable: 1 to 256 characters are allowed.');
  }
  if (expiresAt.getTime() <= Date.now()) {
    throw new Refusal(
      'BAD_USER_INPUT',
      `The token's expiry, ${expiresAt.toISOString()}, is not in the future. Give the token's own "exp"; one that has expired is refused without being revoked.`,
    );
  }
  const { tenantId, subject } = principal;
  const [revoked] = await transact(database, revokerScope(principal), async (execute) => {
    await execute(registerKeyOwnerStatement(tenantId));
    const entry = { action: 'revokeToken', targetKind: 'token', targetIds: [tokenId], details: { expiresAt } };
    await execute(auditStatement(tenantId, entry));
    return execute(revokeTokenStatement(tenantId, tokenId, expiresAt, subject));
  });
  if (!revoked) throw new Error('The revocation was not stored.');
  onRevoked({ tenantId, tokenId, expiresAtMs: revoked.expiresAt.getTime() });
  return revoked;
}
