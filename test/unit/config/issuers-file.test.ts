import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readIssuersFile } from '../../../src/config/issuers-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tessera-issuers-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'secret'), `${'s'.repeat(48)}\n`);
writeFileSync(join(folder, 'short'), 'short');

const shared = {
  clockToleranceSeconds: 7,
  claims: { tenant: 'org', subject: 'sub', groups: 'groups', scopes: 'scope' },
};

function read(text: unknown): ReturnType<typeof readIssuersFile> {
  const path = join(folder, 'issuers.json');
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text));
  return readIssuersFile(path, shared);
}

const login = { issuer: 'https://login.example.com/', audience: 'search', jwksUrl: 'https://login.example.com/keys' };

test('every issuer has what it says, and the rest of the environment', async () => {
  const partner = {
    issuer: 'https://partner.example',
    audience: 'partners',
    pemFile: 'partner.pem',
    algorithms: ['ES384'],
    type: 'at+jwt',
    tenants: ['partner', 'partner-test'],
    claims: { tenant: 'https://partner.example/tenant' },
  };
  const house = { issuer: 'house', audience: 'search', secretFile: 'secret', algorithms: ['HS384'] };
  const file = { issuer: 'file', audience: 'search', jwksFile: '/etc/keys.json' };
  const [one, two, three, four] = await read({ issuers: [login, partner, house, file] });
  expect(one).toEqual({
    issuer: 'https://login.example.com/',
    audience: 'search',
    key: { kind: 'jwks-url', url: 'https://login.example.com/keys' },
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    type: undefined,
    tenants: undefined,
    ...shared,
  });
  expect(two).toMatchObject({
    key: { kind: 'pem-file', path: join(folder, 'partner.pem') },
    algorithms: ['ES384'],
    type: 'at+jwt',
    tenants: ['partner', 'partner-test'],
    clockToleranceSeconds: 7,
    claims: { ...shared.claims, tenant: 'https://partner.example/tenant' },
  });
  expect(three?.key.kind === 'hs256' && three.key.secret.reveal(), 'without its line break').toBe('s'.repeat(48));
  expect(four?.key).toEqual({ kind: 'jwks-file', path: '/etc/keys.json' });
});

describe('a file that cannot be used is told with the place of each fault', () => {
  const shortSecret = { issuer: 'a', audience: 'b', secretFile: 'short' };
  test.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /it is not JSON/],
    ['no issuers', { issuers: [] }, /issuers: Too small/],
    ['another shape', [login], /the file: Invalid input: expected object/],
    ['an unknown word', { issuers: [{ ...login, jwksURL: 'x' }] }, /issuers\.0: Unrecognized key: "jwksURL"/],
    ['no audience', { issuers: [{ ...login, audience: undefined }] }, /issuers\.0\.audience: /],
    [
      'keys over plain http',
      { issuers: [{ ...login, jwksUrl: 'http://a.example/k' }] },
      /issuers\.0\.jwksUrl: an https URL/,
    ],
    ['the algorithm none', { issuers: [{ ...login, algorithms: ['none'] }] }, /issuers\.0\.algorithms\.0: /],
    ['a tenant that is none', { issuers: [{ ...login, tenants: ['a b'] }] }, /issuers\.0\.tenants\.0: a tenant id/],
    [
      'no source of keys',
      { issuers: [{ ...login, jwksUrl: undefined }] },
      /issuers\[0\]: exactly one of jwksUrl, .* received none/,
    ],
    ['two sources of keys', { issuers: [{ ...login, pemFile: 'x' }] }, /received jwksUrl, pemFile/],
    [
      'HS256 with public keys',
      { issuers: [{ ...login, algorithms: ['HS256', 'RS256'] }] },
      /received HS256; public keys check/,
    ],
    [
      'RS256 with a secret',
      { issuers: [{ issuer: 'a', audience: 'b', secretFile: 'secret', algorithms: ['RS256'] }] },
      /a shared secret checks HS\* only/,
    ],
    [
      'one issuer twice',
      { issuers: [login, { ...login, audience: 'other' }] },
      /issuers\[1\]: another entry has the same issuer/,
    ],
    ['a short secret', { issuers: [shortSecret] }, /issuers\[0\]: secretFile holds 5 bytes; at least 32/],
    ['a secret that is not there', { issuers: [{ ...shortSecret, secretFile: 'gone' }] }, /ENOENT.*gone/],
    [
      'two faults',
      {
        issuers: [
          { ...login, pemFile: 'x' },
          { ...login, secretFile: 'x' },
        ],
      },
      /issuers\[0\]: .*\n {2}issuers\[1\]: /,
    ],
  ])('%s', async (_title, text, says) => {
    await expect(read(text)).rejects.toMatchObject({
      name: 'StartupError',
      exitCode: 78,
      message: expect.stringMatching(says),
    });
  });

  test('and no secret is repeated', async () => {
    await expect(read({ issuers: [shortSecret] })).rejects.not.toThrow(/"short"/);
  });
});
