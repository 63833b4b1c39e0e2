import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64url } from 'jose';
import { describe, expect, test } from 'vitest';
import { openTokenKey } from '../../../src/auth/token-key.ts';
import { createTokenVerifier } from '../../../src/auth/verify-token.ts';
import * as forge from './tokens.ts';

const { nowSeconds, rawHs256, signedWith, unsigned } = forge;
const folder = mkdtempSync(join(tmpdir(), 'tessera-keys-'));
const path = join(folder, 'keys.json');
writeFileSync(path, JSON.stringify(forge.keySet));
const verify = createTokenVerifier({
  ...forge.checks,
  key: await openTokenKey({ kind: 'jwks-file', path }),
  algorithms: ['RS256', 'ES256'],
});
rmSync(folder, { recursive: true });

const rsaHeader = { alg: 'RS256', kid: 'rsa-1' };
const { rsa, otherRsa, ec } = forge.keys;
const claimsText = JSON.stringify(forge.goodClaims);

const hostile: [title: string, token: string, words: string][] = [
  [
    'HS256 with the public key in PEM as its secret',
    rawHs256(claimsText, { kid: 'rsa-1' }, forge.rsaPublicPem),
    'not accepted',
  ],
  [
    'HS256 with the public key in JSON as its secret',
    rawHs256(claimsText, { kid: 'rsa-1' }, JSON.stringify(forge.keySet.keys[0])),
    'not accepted',
  ],
  ['the algorithm none', unsigned({ alg: 'none', kid: 'rsa-1' }), 'not accepted; allowed: RS256, ES256'],
  ['another key under a known id', await signedWith(otherRsa.privateKey, rsaHeader), 'signature does not match'],
  [
    'another key brought along as jwk',
    await signedWith(otherRsa.privateKey, { ...rsaHeader, jwk: forge.otherRsaPublicJwk }),
    'signature does not match',
  ],
  [
    'a key set elsewhere (jku)',
    await signedWith(otherRsa.privateKey, { ...rsaHeader, jku: 'https://evil.example/keys' }),
    'signature does not match',
  ],
  [
    'a certificate elsewhere (x5u)',
    await signedWith(otherRsa.privateKey, { ...rsaHeader, x5u: 'https://evil.example/cert' }),
    'signature does not match',
  ],
  [
    'a certificate brought along (x5c)',
    await signedWith(otherRsa.privateKey, { ...rsaHeader, x5c: ['MIIB'] }),
    'signature does not match',
  ],
  [
    'an unknown key id',
    await signedWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-2' }),
    'not among the keys of its issuer',
  ],
  [
    'a key id that climbs folders',
    await signedWith(rsa.privateKey, { alg: 'RS256', kid: '../../dev/null' }),
    'not among the keys',
  ],
  ...(await Promise.all(
    [
      '/etc/passwd',
      'file:///etc/keys.json',
      '..\\..\\keys',
      'rsa-1\0',
      'RSA-1',
      'rsa-1 ',
      '',
      '__proto__',
      'constructor',
    ].map(
      async (kid): Promise<[string, string, string]> => [
        `the key id ${JSON.stringify(kid)}`,
        await signedWith(otherRsa.privateKey, { alg: 'RS256', kid }),
        'not among the keys',
      ],
    ),
  )),
  [
    'its own key set elsewhere and an unknown id',
    await signedWith(otherRsa.privateKey, { alg: 'RS256', kid: 'mine', jku: 'https://evil.example/keys' }),
    'not among the keys',
  ],
  [
    'another key brought along under an unknown id',
    await signedWith(otherRsa.privateKey, {
      alg: 'RS256',
      kid: 'mine',
      jwk: { ...forge.otherRsaPublicJwk, kid: 'mine' },
    }),
    'not among the keys',
  ],
  [
    'a secret brought along as jwk',
    rawHs256(claimsText, { kid: 'rsa-1', jwk: { kty: 'oct', k: 'AAAA' } }, Buffer.alloc(3)),
    'not accepted',
  ],
  ['a key id with SQL', await signedWith(rsa.privateKey, { alg: 'RS256', kid: "x' or '1'='1" }), 'not among the keys'],
  [
    'a key id in a list',
    unsigned({ alg: 'RS256', kid: ['rsa-1'] }, base64url.encode('signature')),
    'not among the keys',
  ],
  [
    'the elliptic key under the id of the RSA key',
    await signedWith(ec.privateKey, { alg: 'ES256', kid: 'rsa-1' }),
    'not among the keys',
  ],
  ['an algorithm the key is not for', await signedPss(), 'not accepted'],
  [
    'an elliptic signature of zeros',
    unsigned({ alg: 'ES256', kid: 'ec-1' }, base64url.encode(new Uint8Array(64))),
    'signature does not match',
  ],
  [
    'a token that expired',
    await signedWith(rsa.privateKey, rsaHeader, { exp: nowSeconds - 3600 }),
    'expired at 2029-12-31T23:00:00.000Z',
  ],
];

const accepted: [title: string, token: string][] = [
  ['a good token by RSA', await signedWith(rsa.privateKey, rsaHeader)],
  ['a good token by elliptic curve', await signedWith(ec.privateKey, { alg: 'ES256', kid: 'ec-1' })],
  ['a good token without a key id where one key fits', await signedWith(rsa.privateKey, { alg: 'RS256' })],
];

describe('with a key set', () => {
  test.each(hostile)('%s is refused', (_title, token, words) => forge.expectRefusal(verify, token, words));

  test.each(accepted)('%s is accepted', async (_title, token) => {
    expect(await verify(token)).toEqual(forge.goodPrincipal);
  });
});

async function signedPss(): Promise<string> {
  const key = await crypto.subtle.importKey(
    'pkcs8',
    await crypto.subtle.exportKey('pkcs8', rsa.privateKey),
    { name: 'RSA-PSS', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  return signedWith(key, { alg: 'PS256', kid: 'rsa-1' });
}
