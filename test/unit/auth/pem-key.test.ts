import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { openTokenKey } from '../../../src/auth/token-key.ts';
import { createTokenVerifier, type VerifyToken } from '../../../src/auth/verify-token.ts';
import type { Algorithm } from '../../../src/config/algorithms.ts';
import { certificateKeyPem, certificatePem } from './certificate.ts';
import * as forge from './tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'tessera-pem-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileWith(text: string): string {
  const path = join(folder, `${files++}.pem`);
  writeFileSync(path, text);
  return path;
}

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const shortRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const ed = generateKeyPairSync('ed25519');

const everyAlgorithm: readonly Algorithm[] = ['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'];

async function verifierOf(pem: string, algorithms = everyAlgorithm): Promise<VerifyToken> {
  const key = await openTokenKey({ kind: 'pem-file', path: fileWith(pem) }, { algorithms });
  return createTokenVerifier({ ...forge.checks, algorithms, key });
}

const signed = (key: KeyObject, alg: string, header = {}) =>
  new SignJWT(forge.goodClaims).setProtectedHeader({ alg, ...header }).sign(key);

describe('a public key in PEM', () => {
  test.each([
    ['RSA', pemOf(rsa.publicKey), rsa.privateKey, ['RS256', 'RS512', 'PS256']],
    ['an elliptic key', pemOf(p256.publicKey), p256.privateKey, ['ES256']],
    ['a longer elliptic key', pemOf(p384.publicKey), p384.privateKey, ['ES384']],
    ['Ed25519', pemOf(ed.publicKey), ed.privateKey, ['EdDSA']],
    ['a certificate', certificatePem, createPrivateKey(certificateKeyPem), ['ES256']],
  ] as const)(
    'of %s checks what is signed with its private half, by every algorithm of its type',
    async (_, pem, key, algorithms) => {
      const verify = await verifierOf(pem);
      for (const alg of algorithms) expect(await verify(await signed(key, alg))).toEqual(forge.goodPrincipal);
      expect(await verify(await signed(key, algorithms[0], { kid: 'whatever' }))).toEqual(forge.goodPrincipal);
    },
  );

  const pem = pemOf(rsa.publicKey);
  const withSecret = async (secret: string | Buffer) => forge.rawHs256(JSON.stringify(forge.goodClaims), {}, secret);
  const { privateKey: stranger } = forge.keys.otherRsa;
  const x5c = [certificatePem.split('\n').slice(1, -2).join('')];
  test.each<[title: string, token: () => Promise<string>, words: string]>([
    ['HS256 with the PEM as its secret', () => withSecret(pem), 'not accepted'],
    ['HS256 with the PEM without its last line break', () => withSecret(pem.trim()), 'not accepted'],
    [
      'HS256 with the bytes of the key as its secret',
      () => withSecret(rsa.publicKey.export({ type: 'spki', format: 'der' })),
      'not accepted',
    ],
    ['the algorithm none', async () => forge.unsigned({ alg: 'none' }), 'not accepted'],
    ['an algorithm of another type of key', () => signed(p256.privateKey, 'ES256'), 'not accepted'],
    ['an algorithm of its type that is not listed', () => signed(rsa.privateKey, 'PS512'), 'not accepted'],
    ['another key of its type', () => forge.signedWith(stranger, { alg: 'RS256' }), 'signature does not match'],
    [
      'another key brought along as jwk',
      () => forge.signedWith(stranger, { alg: 'RS256', jwk: forge.otherRsaPublicJwk }),
      'signature does not match',
    ],
    ['a certificate brought along', () => signed(p256.privateKey, 'ES256', { x5c }), 'not accepted'],
  ])('refuses %s', async (_, token, words) => {
    await forge.expectRefusal(await verifierOf(pem), await token(), words);
  });

  test.each([
    ['a private key', certificateKeyPem, 'it holds a private key'],
    ['a private key beside the certificate', `${certificatePem}${certificateKeyPem}`, 'it holds a private key'],
    [
      'two certificates',
      `${certificatePem}${certificatePem}`,
      'received CERTIFICATE, CERTIFICATE; for several use a key set',
    ],
    ['a key set', JSON.stringify(forge.keySet), 'received no PEM'],
    ['nothing', '', 'received no PEM'],
    [
      'a request for a certificate',
      '-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n',
      'received CERTIFICATE REQUEST',
    ],
    ['a damaged key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'cannot be used: '],
    ['a short RSA key', pemOf(shortRsa.publicKey), 'it has 1024 bits; an RSA key needs 2048'],
    ['a curve that no algorithm is for', pemOf(k256.publicKey), 'it is of the type ec secp256k1'],
  ])('that is %s is a startup error', async (_, text, words) => {
    const path = fileWith(text);
    await expect(openTokenKey({ kind: 'pem-file', path })).rejects.toMatchObject({
      name: 'StartupError',
      exitCode: 78,
      message: expect.stringMatching(RegExp(`^The public key of JWT_PEM_FILE, .*${words}`)),
    });
  });

  test('that fits none of the algorithms is a startup error that says which it would fit', async () => {
    const path = fileWith(pemOf(p384.publicKey));
    await expect(openTokenKey({ kind: 'pem-file', path }, { algorithms: ['RS256', 'ES256'] })).rejects.toThrow(
      'it checks ES384, of which the algorithms that are allowed, RS256, ES256, have none',
    );
    await expect(openTokenKey({ kind: 'pem-file', path: join(folder, 'none.pem') })).rejects.toThrow('ENOENT');
  });
});
