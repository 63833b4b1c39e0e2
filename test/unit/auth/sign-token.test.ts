import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { defaultClaimNames } from '../../../src/auth/claims.ts';
import { signToken } from '../../../src/auth/sign-token.ts';
import { openTokenKey } from '../../../src/auth/token-key.ts';
import { createTokenVerifier } from '../../../src/auth/verify-token.ts';
import { Secret } from '../../../src/config/secret.ts';
import { parseTenantId } from '../../../src/ids.ts';
import { audience, checks, issuer, now, nowSeconds, secret } from './tokens.ts';

const contents = {
  tenantId: parseTenantId('acme'),
  subject: 'ada',
  scopes: ['search', 'documents:read'],
  issuer,
  audience,
  ttlSeconds: 3600,
  claims: defaultClaimNames,
};

test('a token holds the claims under their default names', async () => {
  const token = await signToken(secret, { ...contents, groups: ['staff'] }, { now });
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(decodeJwt(token)).toEqual({
    iss: issuer,
    aud: audience,
    iat: nowSeconds,
    exp: nowSeconds + 3600,
    jti: expect.stringMatching(/^[\w-]{36}$/),
    sub: 'ada',
    tenant: 'acme',
    groups: ['staff'],
    scope: 'search documents:read',
  });
});

test('a path becomes nested objects and a URL stays one key', async () => {
  const claims = { tenant: 'org.id', subject: 'https://example.com/user', groups: 'org.teams', scopes: 'a.b.c' };
  const payload = decodeJwt(await signToken(secret, { ...contents, groups: ['blue'], claims }, { now }));
  expect(payload).toMatchObject({
    org: { id: 'acme', teams: ['blue'] },
    'https://example.com/user': 'ada',
    a: { b: { c: 'search documents:read' } },
  });
  expect(payload).not.toHaveProperty('sub');
});

const names = [
  defaultClaimNames,
  {
    tenant: 'https://example.com/tenant',
    subject: 'user.id',
    groups: 'user.groups',
    scopes: 'https://example.com/scope',
  },
  { tenant: 'a.b.c.d', subject: 'a.b.c.e', groups: 'a.b.f', scopes: 'a.g' },
  { tenant: 'valueOf.tenant', subject: 'constructor', groups: 'toString', scopes: 'scp' },
];

test.each(names)('what is signed under the names %j is what is verified', async (claims) => {
  const key = await openTokenKey({ kind: 'hs256', secret });
  const verify = createTokenVerifier({ ...checks, key, algorithms: ['HS256'], claims });
  const token = await signToken(secret, { ...contents, groups: ['staff'], claims }, { now });
  expect(await verify(token)).toEqual({
    tenantId: 'acme',
    subject: 'ada',
    groups: ['staff'],
    scopes: ['search', 'documents:read'],
    tokenId: expect.any(String),
  });
});

test('a longer secret can sign HS512', async () => {
  const long = new Secret('x'.repeat(64));
  const verify = createTokenVerifier({
    ...checks,
    key: await openTokenKey({ kind: 'hs256', secret: long }),
    algorithms: ['HS512'],
  });
  const token = await signToken(long, contents, { now, algorithm: 'HS512' });
  expect((await verify(token)).groups).toEqual([]);
});
