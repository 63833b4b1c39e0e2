import { createHmac } from 'node:crypto';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { expect } from 'vitest';
import { defaultClaimNames } from '../../../src/auth/claims.ts';
import type { VerifyToken } from '../../../src/auth/verify-token.ts';
import { Secret } from '../../../src/config/secret.ts';
import { refusals } from '../../../src/error-codes.ts';
import { Refusal, type RefusalCode } from '../../../src/errors.ts';

/** The time at which all tokens of these tests are made and checked: 2030-01-01T00:00:00Z in seconds. */
export const nowSeconds = 1_893_456_000;
export const now = (): number => nowSeconds * 1000;

export const issuer = 'https://login.example.com/';
export const audience = 'search';
export const secret = new Secret('a secret of the tests, longer than 32 bytes');
const secretKey = new TextEncoder().encode(secret.reveal());

const rsa = await generateKeyPair('RS256', { extractable: true });
const otherRsa = await generateKeyPair('RS256', { extractable: true });
const ec = await generateKeyPair('ES256', { extractable: true });

/** Public keys that the issuer publishes. */
export const keySet: { keys: JWK[] } = {
  keys: [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa-1', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec-1', alg: 'ES256', use: 'sig' },
  ],
};
export const keys = { rsa, otherRsa, ec, secret: secretKey };
export const rsaPublicPem = await exportSPKI(rsa.publicKey);
export const otherRsaPublicJwk = await exportJWK(otherRsa.publicKey);

/** Claims of a token that is accepted. */
export const goodClaims = {
  iss: issuer,
  aud: audience,
  exp: nowSeconds + 60,
  iat: nowSeconds,
  sub: 'ada',
  tenant: 'acme',
  groups: ['staff'],
  scope: 'search documents:read',
};

/** What the good claims say. */
export const goodPrincipal = {
  tenantId: 'acme',
  subject: 'ada',
  groups: ['staff'],
  scopes: ['search', 'documents:read'],
};

/** The good claims with changes; `undefined` removes one. */
export function claimsWith(changes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...goodClaims, ...changes }).filter(([, value]) => value !== undefined));
}

/** A token that is right in everything but what is changed. */
export function hs256(changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  return rawHs256(JSON.stringify(claimsWith(changes)), header);
}

/** A token with a right signature over whatever text stands for its claims. */
export function rawHs256(
  claims: string,
  header: Record<string, unknown> = {},
  key: string | Uint8Array = secretKey,
): string {
  const signed = `${encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }))}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

/** A token signed with a private key. */
export function signedWith(
  key: CryptoKey,
  header: JWTHeaderParameters,
  changes: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claimsWith(changes)).setProtectedHeader(header).sign(key);
}

/** A token without a signature. */
export function unsigned(header: Record<string, unknown>, signature = ''): string {
  return `${encode(JSON.stringify(header))}.${encode(JSON.stringify(goodClaims))}.${signature}`;
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** Settings of a verifier for these tokens, all but the key. */
export const checks = { issuer, audience, clockToleranceSeconds: 5, claims: defaultClaimNames, now };

/** Expects that a token is refused with a sentence that repeats neither the token nor the secret. */
export async function expectRefusal(
  verify: VerifyToken,
  token: string,
  words: string,
  code: RefusalCode = 'UNAUTHENTICATED',
): Promise<void> {
  const refusal = await verify(token).catch((error: unknown) => error);
  if (!(refusal instanceof Refusal)) throw new Error('expected a refusal', { cause: refusal });
  expect(refusal).toMatchObject({
    code: code,
    httpStatus: refusals[code].status[0],
    message: expect.stringContaining(words),
  });
  expect(refusal.message).toMatch(/^The token.*\.$/s);
  expect(refusal.message).not.toContain(secret.reveal());
  for (const part of token.split('.').filter((text) => text.length > 8)) expect(refusal.message).not.toContain(part);
}
