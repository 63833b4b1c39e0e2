import { type JWTPayload, jwtVerify } from 'jose';
import { type ClaimNames, readPrincipal } from './claims.ts';
import type { Principal } from './principal.ts';
import { createPrincipalCache } from './principal-cache.ts';
import type { TokenKey } from './token-key.ts';
import { explainTokenError, type TokenRequirements, tokenRefusal } from './token-refusal.ts';

export interface TokenVerifierOptions extends TokenRequirements {
  readonly key: TokenKey;
  readonly claims: ClaimNames;
  /** Tenants that the issuer may speak for; any without it. */
  readonly tenants?: readonly string[] | undefined;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Checks a token and makes its principal, or throws a `Refusal` with code `UNAUTHENTICATED`.
 *
 * The signal is aborted when nobody waits any more: looks at the database are then cancelled. A request for an issuer's keys
 * is everybody's and goes on.
 */
export type VerifyToken = (token: string, signal?: AbortSignal) => Promise<Principal>;

/** Larger tokens are refused unread. Browsers and proxies stop at 8 KiB of headers anyway. */
const maxTokenBytes = 8 * 1024;

/** About 1 KiB each. */
const maxCachedTokens = 10_000;

/** A verified token is checked again after this time, whatever its issuer says. */
const maxCacheAgeMs = 600_000;

/**
 * Makes the function that turns bearer tokens into principals: signature, algorithm, issuer, audience and times are checked, `exp` is
 * required, and the claims are read. A verified token is remembered by its hash until it expires, at most ten minutes.
 */
export function createTokenVerifier(options: TokenVerifierOptions): VerifyToken {
  const { key, claims, tenants, now = Date.now } = options;
  const ownTenants = tenants && new Set<string>(tenants);
  const cache = createPrincipalCache(maxCachedTokens);
  return async (token) => {
    refuseUnreadable(token);
    const nowMs = now();
    const known = cache.get(cacheKey(), nowMs);
    if (known !== undefined) return known;
    const payload = await verify(token, key, options, nowMs);
    const principal = readPrincipal(payload, claims);
    if (ownTenants && !ownTenants.has(principal.tenantId)) {
      throw tokenRefusal('The token names a tenant that its issuer may not speak for here.');
    }
    const usableUntilMs = Math.min(readExpiryMs(payload), nowMs + maxCacheAgeMs);
    if (usableUntilMs > nowMs) cache.set(cacheKey(), { principal, usableUntilMs });
    return principal;

    /** What was verified with other keys than there are now is verified again. */
    function cacheKey(): string {
      return `${key.version?.() ?? 0} ${token}`;
    }
  };
}

/**
 * Refuses what is too large or has not the three parts of a signed JWT, before anything of it is decoded.
 * @throws {Refusal} `UNAUTHENTICATED`.
 */
export function refuseUnreadable(token: string): void {
  const sizeBytes = Buffer.byteLength(token);
  if (sizeBytes > maxTokenBytes) {
    throw tokenRefusal(`The token is too large: ${sizeBytes} bytes, and at most ${maxTokenBytes} are allowed.`);
  }
  const parts = token.split('.').length;
  if (parts !== 3) {
    throw tokenRefusal(
      `The token is not a signed JWT: it has ${parts} ${parts === 1 ? 'part' : 'parts'} separated by dots instead of 3.`,
    );
  }
}

async function verify(token: string, key: TokenKey, options: TokenVerifierOptions, nowMs: number): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key.find, {
      issuer: options.issuer,
      audience: options.audience,
      algorithms: [...options.algorithms],
      clockTolerance: options.clockToleranceSeconds,
      requiredClaims: ['exp'],
      ...(options.type !== undefined && { typ: options.type }),
      currentDate: new Date(nowMs),
    });
    return payload;
  } catch (error) {
    throw explainTokenError(error, options);
  }
}

/** JSON such as `1e999` reads as infinity: a token that never expires. */
function readExpiryMs({ exp }: JWTPayload): number {
  if (Number.isFinite(exp)) return Number(exp) * 1000;
  throw tokenRefusal('The token\'s "exp" claim is not a number of seconds since 1970.');
}
