import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { type Algorithm, publicKeyDefaults } from '../config/algorithms.ts';
import type { Secret } from '../config/secret.ts';
import { StartupError } from '../errors.ts';
import { readPemKey } from './pem-key.ts';
import { createRemoteKeySet } from './remote-key-set.ts';

/** Where the key that checks tokens is found. */
export type TokenKeySource =
  | { readonly kind: 'hs256'; readonly secret: Secret }
  | { readonly kind: 'jwks-url'; readonly url: string }
  | { readonly kind: 'jwks-file'; readonly path: string }
  | { readonly kind: 'pem-file'; readonly path: string };

/** Finds the key for a token's header. */
export interface TokenKey {
  readonly find: JWTVerifyGetKey;
  /** Another number for other keys; absent where they never change. */
  version?(): number;
}

interface OpenKeyOptions {
  /** Those that tokens may be signed with; a key in PEM has to fit one of them. */
  readonly algorithms?: readonly Algorithm[];
  /** Where the path of a file was given, for messages; the variable for its kind without it. */
  readonly setting?: string;
}

/**
 * Opens the source of keys. A key set behind a URL is fetched with the first token, not here, so that the issuer may start later.
 * @throws {StartupError} when a file cannot be read, holds something else, or holds private or secret keys.
 */
export async function openTokenKey(source: TokenKeySource, options: OpenKeyOptions = {}): Promise<TokenKey> {
  const { algorithms = publicKeyDefaults, setting } = options;
  if (source.kind === 'jwks-file') {
    return { find: createLocalJWKSet(await readKeySet(source.path, setting ?? 'JWT_JWKS_FILE')) };
  }
  if (source.kind === 'pem-file') return readPemKey(source.path, algorithms, setting ?? 'JWT_PEM_FILE');
  if (source.kind === 'jwks-url') return createRemoteKeySet(source.url);
  const key = secretBytes(source.secret);
  return { find: async () => key };
}

/** The bytes of a shared secret: its text in UTF-8, as every issuer takes it. */
export function secretBytes(secret: Secret): Uint8Array {
  return new TextEncoder().encode(secret.reveal());
}

async function readKeySet(path: string, setting: string): Promise<JSONWebKeySet> {
  const keyFileError = (reason: string, cause?: unknown) =>
    new StartupError(`The key set of ${setting}, ${path}, cannot be used: ${reason}.`, { cause, exitCode: 78 });
  let keySet: unknown;
  try {
    keySet = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw keyFileError(reason, cause);
  }
  if (!isKeySet(keySet)) throw keyFileError('expected {"keys": [...]} with at least one key');
  // A file that anyone may read should not let anyone sign: RFC 7517, sections 4.1 and 9.2.
  const leaking = keySet.keys.some((key) => key.kty === 'oct' || key.d !== undefined);
  if (leaking) throw keyFileError('it holds private or secret keys where only public keys belong');
  return keySet;
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys)) return false;
  return value.keys.length > 0 && value.keys.every((key) => typeof key === 'object' && key !== null && 'kty' in key);
}
