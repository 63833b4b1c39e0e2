import { createIssuersVerifier } from '../auth/choose-issuer.ts';
import { signToken } from '../auth/sign-token.ts';
import { openTokenKey } from '../auth/token-key.ts';
import type { VerifyToken } from '../auth/verify-token.ts';
import type { Config } from '../config/config.ts';
import { readIssuersFile } from '../config/issuers-file.ts';
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

/**
 * Opens the verifier of the configured tokens.
 * @throws {StartupError} when a file of keys or of issuers cannot be used.
 */
export async function openVerifier(config: Config): Promise<VerifyToken> {
  const { key, ...issuer } = config.token;
  if (key.kind === 'issuers-file') {
    const issuers = await readIssuersFile(key.path, config.token);
    const opened = issuers.map(async (one) => {
      const options = { algorithms: one.algorithms, setting: 'JWT_ISSUERS_FILE' };
      return { ...one, key: await openTokenKey(one.key, options) };
    });
    return createIssuersVerifier(await Promise.all(opened));
  }
  const source =
    key.kind === 'generated' ? { kind: 'hs256' as const, secret: await readSigningKey(config.dataDir) } : key;
  return createIssuersVerifier([{ ...issuer, key: await openTokenKey(source, issuer) }]);
}

/**
 * Signs a token with the secret that this program also verifies with.
 * @throws {StartupError} where tokens are verified with public keys: then only their issuer can sign.
 */
export async function issueToken(config: Config, request: TokenRequest): Promise<string> {
  const { issuer, audience, claims, algorithms, type } = config.token;
  const secret = await signingSecret(config);
  const algorithm = algorithms.find((one) => one === 'HS256' || one === 'HS384' || one === 'HS512');
  return signToken(
    secret,
    { ...request, issuer, audience, claims },
    { ...(algorithm && { algorithm }), ...(type && { type }) },
  );
}

async function signingSecret(config: Config): Promise<Secret> {
  const { key } = config.token;
  if (key.kind === 'generated') return readSigningKey(config.dataDir);
  if (key.kind === 'hs256') return key.secret;
  throw new StartupError(
    'Tokens are verified with public keys or for several issuers here, so only their issuer can sign them. "search" and "ingest" take one with --token.',
  );
}
