import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIssuersVerifier } from '../../../src/auth/choose-issuer.ts';
import { openTokenKey } from '../../../src/auth/token-key.ts';
import type { TokenVerifierOptions, VerifyToken } from '../../../src/auth/verify-token.ts';
import * as forge from './tokens.ts';

const { rsa, ec, otherRsa } = forge.keys;
const partner = 'https://partner.example';

/** The first of {@link forge}, with a key set behind a URL; the second with a key of its own, for one tenant. */
let verify: VerifyToken;
let requests = 0;
let stop: () => void;

beforeAll(async () => {
  const server = createServer((_request, response) => {
    requests++;
    response.end(JSON.stringify({ keys: [forge.keySet.keys[0]] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = () => server.close();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const login: TokenVerifierOptions = {
    ...forge.checks,
    key: await openTokenKey({ kind: 'jwks-url', url }),
    algorithms: ['RS256'],
  };
  verify = createIssuersVerifier([
    login,
    {
      ...login,
      issuer: partner,
      audience: 'search for partners',
      key: { find: createLocalJWKSet({ keys: [{ ...forge.keySet.keys[1], kid: 'rsa-1' }] }) },
      algorithms: ['ES256'],
      type: 'at+jwt',
      tenants: ['partner'],
      claims: { tenant: 'org.id', subject: 'client_id', groups: 'teams', scopes: 'permissions' },
    },
  ]);
});
afterAll(() => stop());

const loginHeader = { alg: 'RS256', kid: 'rsa-1' };
const partnerHeader = { alg: 'ES256', kid: 'rsa-1', typ: 'at+jwt' };
const partnerClaims = {
  iss: partner,
  aud: 'search for partners',
  org: { id: 'partner' },
  client_id: 'robot',
  teams: ['north'],
  permissions: ['search'],
};
const ofPartner = (changes = {}, header = {}, key = ec.privateKey) =>
  forge.signedWith(key, { ...partnerHeader, ...header }, { ...partnerClaims, ...changes });

test('an issuer that is not known is refused before anybody is asked for a key, whatever it says', async () => {
  for (const iss of [
    'https://evil.example',
    undefined,
    null,
    7,
    [forge.issuer],
    { iss: forge.issuer },
    '',
    `${forge.issuer} `,
    'constructor',
    '__proto__',
  ]) {
    const token = await forge.signedWith(rsa.privateKey, loginHeader, { iss });
    await forge.expectRefusal(verify, token, 'names no issuer ("iss") that is accepted here');
  }
  for (const token of ['a.b.c', forge.rawHs256('[]'), forge.rawHs256('null'), `${forge.encode('{}')}..`]) {
    await forge.expectRefusal(verify, token, '');
  }
  expect(requests).toBe(0);
});

test('each issuer is checked with its own key, audience, algorithms and claims', async () => {
  expect(await verify(await forge.signedWith(rsa.privateKey, loginHeader))).toEqual(forge.goodPrincipal);
  expect(await verify(await ofPartner())).toEqual({
    tenantId: 'partner',
    subject: 'robot',
    groups: ['north'],
    scopes: ['search'],
  });
  expect(await verify(await ofPartner({}, { typ: 'application/AT+JWT' })), 'types are media types').toBeDefined();
  expect(requests).toBe(1);
});

describe('one issuer is never taken for another', () => {
  const { iss: _, ...loginClaims } = forge.goodClaims;
  test.each<[string, () => Promise<string>, string]>([
    [
      "the first's name with the second's key",
      () => forge.signedWith(ec.privateKey, { alg: 'ES256', kid: 'rsa-1' }),
      'algorithm that is not accepted; allowed: RS256',
    ],
    [
      "the first's name with the second's key and the first's algorithm",
      () => forge.signedWith(otherRsa.privateKey, loginHeader),
      'signature does not match',
    ],
    [
      "the second's name with the first's key",
      () => ofPartner({}, { alg: 'RS256' }, rsa.privateKey),
      'algorithm that is not accepted; allowed: ES256',
    ],
    [
      "the second's name with a stranger's key",
      async () => (await ofPartner()).replace(/[^.]+$/, 'A'.repeat(86)),
      'signature does not match',
    ],
    [
      "the first's audience in the second's token",
      () => ofPartner({ aud: forge.audience }),
      'it must be meant for "search for partners"',
    ],
    [
      "the second's audience in the first's token",
      () => forge.signedWith(rsa.privateKey, loginHeader, { aud: 'search for partners' }),
      'it must be meant for "search"',
    ],
    [
      "the first's claims in the second's token",
      () => ofPartner({ ...loginClaims, aud: 'search for partners', org: undefined }),
      'claim "org.id" does not name a tenant',
    ],
    [
      "the second's claims in the first's token",
      () =>
        forge.signedWith(rsa.privateKey, loginHeader, {
          ...partnerClaims,
          iss: forge.issuer,
          aud: 'search',
          tenant: undefined,
        }),
      'claim "tenant" does not name a tenant',
    ],
    [
      'a tenant that the issuer may not speak for',
      () => ofPartner({ org: { id: 'acme' } }),
      'a tenant that its issuer may not speak for',
    ],
    [
      'a type that the second does not mark access tokens with',
      () => ofPartner({}, { typ: 'JWT' }),
      'type ("typ") is not accepted; allowed: "at+jwt"',
    ],
    ['no type where one is demanded', () => ofPartner({}, { typ: undefined }), 'type ("typ") is not accepted'],
    ['a type that only begins like it', () => ofPartner({}, { typ: 'at+jwt+x' }), 'type ("typ") is not accepted'],
    [
      "the first's name before the second's",
      async () => twice(await ofPartner(), '"iss":"https://login.example.com/",'),
      'signature does not match',
    ],
  ])('%s', async (_title, token, words) => {
    await forge.expectRefusal(verify, await token(), words);
  });

  /** Puts a claim in front of those that were signed. */
  function twice(token: string, claim: string): string {
    const [header, claims = '', signature] = token.split('.');
    const text = Buffer.from(claims, 'base64url').toString().replace('{', `{${claim}`);
    return [header, forge.encode(text), signature].join('.');
  }
});
