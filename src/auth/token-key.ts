import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Secret } from '../config/secret.ts';
import { StartupError } from '../errors.ts';
import { createRemoteKeySet } from './remote-key-set.ts';

/** Where the key that checks tokens is found. */
export type TokenKeySource =
  | { readonly kind: 'hs256'; readonly secret: Secret }
  | { readonly kind: 'jwks-url'; readonly url: string }
  | { readonly kind: 'jwks-file'; readonly path: string };

/** Finds the key for a token's header. */
export interface TokenKey {
  readonly find: JWTVerifyGetKey;
  /** Another number for other keys; absent where they never change. */
  version?(): number;
}

/**
 * Opens the source of keys. A key set behind a URL is fetched with the first token, not here, so that the issuer may start later.
 * @throws {StartupError} when a key set's file cannot be read, is not a key set, or holds private or secret keys.
 */
export async function openTokenKey(source: TokenKeySource): Promise<TokenKey> {
  if (source.kind === 'jwks-file') return { find: createLocalJWKSet(await readKeySet(source.path)) };
  if (source.kind === 'jwks-url') return createRemoteKeySet(source.url);
  const key = secretBytes(source.secret);
  return { find: async () => key };
}

/** The bytes of a shared secret: its text in UTF-8, as every issuer takes it. */
export function secretBytes(secret: Secret): Uint8Array {
  return new TextEncoder().encode(secret.reveal());
}

async function readKeySet(path: string): Promise<JSONWebKeySet> {
  let keySet: unknown;
  try {
    keySet = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw keyFileError(path, reason, cause);
  }
  if (!isKeySet(keySet)) throw keyFileError(path, 'expected {"keys": [...]} with at least one key');
  // A file that anyone may read should not let anyone sign: RFC 7517, sections 4.1 and 9.2.
  const leaking = keySet.keys.some((key) => key.kty === 'oct' || key.d !== undefined);
  if (leaking) throw keyFileError(path, 'it holds private or secret keys where only public keys belong');
  return keySet;
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys)) return false;
  return value.keys.length > 0 && value.keys.every((key) => typeof key === 'object' && key !== null && 'kty' in key);
}

function keyFileError(path: string, reason: string, cause?: unknown): StartupError {
  return new StartupError(`The key set of JWT_JWKS_FILE, ${path}, cannot be used: ${reason}.`, { cause, exitCode: 78 });
}
