import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errors } from 'jose';
import type { Algorithm } from '../config/algorithms.ts';
import { StartupError } from '../errors.ts';
import type { TokenKey } from './token-key.ts';

/** Algorithms that each type of public key can check (RFC 7518, section 3.1; RFC 8037). */
const algorithmsOf: Readonly<Record<string, readonly Algorithm[]>> = {
  rsa: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'ec prime256v1': ['ES256'],
  'ec secp384r1': ['ES384'],
  'ec secp521r1': ['ES512'],
  ed25519: ['EdDSA'],
};

/** RFC 7518, section 3.3. */
const fewestRsaBits = 2_048;

/**
 * Reads a public key in PEM: a key (SPKI) or an X.509 certificate, of which nothing but the key is used. The key checks those of
 * the algorithms that are of its type, and no other: what a token says about its key (`kid`, `jwk`, `x5c`) is passed over.
 * @param setting where the path was given, for messages.
 * @throws {StartupError} when the file cannot be read, holds something else or several of them, holds a private key, or fits none of
 *   the algorithms.
 */
export async function readPemKey(path: string, allowed: readonly Algorithm[], setting: string): Promise<TokenKey> {
  const unusable = (reason: string, cause?: unknown) =>
    new StartupError(`The public key of ${setting}, ${path}, cannot be used: ${reason}.`, { cause, exitCode: 78 });
  let key: KeyObject;
  try {
    const text = await readFile(path, 'utf8');
    const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label);
    // A file that anyone may read should not let anyone sign.
    if (labels.some((label) => label.includes('PRIVATE'))) throw unusable('it holds a private key');
    if (labels.length !== 1 || !readable.has(labels[0])) {
      const received = labels.length === 0 ? 'no PEM' : labels.join(', ').slice(0, 200);
      throw unusable(`expected one PUBLIC KEY or one CERTIFICATE, received ${received}; for several use a key set`);
    }
    key = createPublicKey(text);
  } catch (cause) {
    throw cause instanceof StartupError ? cause : unusable((cause as Error).message, cause);
  }
  const type = typeOf(key);
  const possible = algorithmsOf[type];
  if (!possible) throw unusable(`it is of the type ${type}; allowed are ${Object.keys(algorithmsOf).join(', ')}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? fewestRsaBits;
  if (bits < fewestRsaBits) throw unusable(`it has ${bits} bits; an RSA key needs ${fewestRsaBits}`);
  const accepted = new Set<string | undefined>(possible.filter((algorithm) => allowed.includes(algorithm)));
  if (accepted.size === 0) {
    throw unusable(
      `it checks ${possible.join(', ')}, of which the algorithms that are allowed, ${allowed.join(', ')}, have none`,
    );
  }
  return {
    find: async ({ alg }) => {
      if (accepted.has(alg)) return key;
      throw new errors.JOSEAlgNotAllowed('The algorithm is not one of the key');
    },
  };
}

const readable: ReadonlySet<string | undefined> = new Set(['PUBLIC KEY', 'CERTIFICATE']);

function typeOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  return type === 'ec' ? `ec ${details?.namedCurve}` : `${type}`;
}
