import { randomUUID } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import type { Secret } from '../config/secret.ts';
import type { TenantId } from '../ids.ts';
import { type ClaimNames, claimPath } from './claims.ts';
import { secretBytes } from './token-key.ts';

export interface TokenContents {
  readonly tenantId: TenantId;
  readonly subject: string;
  readonly groups?: readonly string[];
  readonly scopes: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  readonly ttlSeconds: number;
  /** By which the token can be revoked (`jti`); a random one without it. */
  readonly tokenId?: string;
  /** Where the claims go: the names that the verifier reads. */
  readonly claims: ClaimNames;
}

export interface SignTokenOptions {
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** One that the shared secret is long enough for. */
  readonly algorithm?: 'HS256' | 'HS384' | 'HS512';
  /** The header's `typ`; `JWT` without it. */
  readonly type?: string;
}

/** Signs a token with a shared secret, for development and the command line. In production the identity provider signs. */
export async function signToken(key: Secret, contents: TokenContents, options: SignTokenOptions = {}): Promise<string> {
  const { now = Date.now, algorithm = 'HS256', type = 'JWT' } = options;
  const { claims: names, groups = [] } = contents;
  const issuedAtSeconds = Math.floor(now() / 1000);
  const payload: JWTPayload = {};
  writeClaim(payload, names.tenant, contents.tenantId);
  writeClaim(payload, names.subject, contents.subject);
  if (groups.length > 0) writeClaim(payload, names.groups, [...groups]);
  writeClaim(payload, names.scopes, contents.scopes.join(' '));
  return new SignJWT(payload)
    .setProtectedHeader({ alg: algorithm, typ: type })
    .setIssuer(contents.issuer)
    .setAudience(contents.audience)
    .setJti(contents.tokenId ?? randomUUID())
    .setIssuedAt(issuedAtSeconds)
    .setExpirationTime(issuedAtSeconds + contents.ttlSeconds)
    .sign(secretBytes(key));
}

/** Puts a claim where `readClaim` finds it, making the objects on its path. */
function writeClaim(claims: Record<string, unknown>, name: string, value: unknown): void {
  const path = [...claimPath(name)];
  const last = path.pop() ?? name;
  let target = claims;
  for (const key of path) {
    const next = Object.hasOwn(target, key) ? (target[key] as Record<string, unknown>) : {};
    target[key] = next;
    target = next;
  }
  target[last] = value;
}
