import { signToken } from '../auth/sign-token.ts';
import { openTokenKey } from '../auth/token-key.ts';
import { createTokenVerifier, type VerifyToken } from '../auth/verify-token.ts';
import type { Config } from '../config/config.ts';
import type { Secret } from '../config/secret.ts';
import { readSigningKey } from '../config/signing-key.ts';
import { StartupError } from '../errors.ts';
import type { TenantId } from '../ids.ts';

/** What a token of the command line allows unless it is told otherwise. */
export const everyScope = ['search', 'documents:read', 'documents:write'] as const;

export interface TokenRequest {
  readonly tenantId: TenantId;
  readonly subject: string;
  readonly groups?: readonly string[];
  readonly scopes: readonly string[];
  readonly ttlSeconds: number;
}

/** Opens the verifier of the configured tokens. */
export async function openVerifier(config: Config): Promise<VerifyToken> {
  const { key, issuer, audience, algorithms, clockToleranceSeconds, claims } = config.token;
  const source =
    key.kind === 'generated' ? { kind: 'hs256' as const, secret: await readSigningKey(config.dataDir) } : key;
  return createTokenVerifier({
    key: await openTokenKey(source),
    issuer,
    audience,
    algorithms,
    clockToleranceSeconds,
    claims,
  });
}

/**
 * Signs a token with the secret that this program also verifies with.
 * @throws {StartupError} where tokens are verified with public keys: then only their issuer can sign.
 */
export async function issueToken(config: Config, request: TokenRequest): Promise<string> {
  const { issuer, audience, claims, algorithms } = config.token;
  const secret = await signingSecret(config);
  const algorithm = algorithms.find((one) => one === 'HS256' || one === 'HS384' || one === 'HS512');
  return signToken(secret, { ...request, issuer, audience, claims }, algorithm ? { algorithm } : {});
}

async function signingSecret(config: Config): Promise<Secret> {
  const { key } = config.token;
  if (key.kind === 'generated') return readSigningKey(config.dataDir);
  if (key.kind === 'hs256') return key.secret;
  throw new StartupError(
    'Tokens are verified with public keys here, so only their issuer can sign them. "search" and "ingest" take one with --token.',
  );
}
