import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { certificateKeyPem, certificatePem } from '../unit/auth/certificate.ts';
import { type GatewayProcess, serverEnv, startGateway } from './gateway-process.ts';
import { ask, cleanUp, newFolder, run, start, until } from './program.ts';

afterAll(cleanUp);
const viewer = '{ viewer { tenantId subject } }';

describe('tessera token revoke', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  const sign = async () => (await run(['token', '--tenant', 'house', '--ttl', '10m'], gateway.env)).stdout.trim();
  const claimsOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string; exp: number };
  const isRefused = (token: string) =>
    until(async () => {
      const { errors } = await ask(gateway.url, token, viewer);
      return errors?.[0]?.message === 'The token was revoked. Get a new one.' || undefined;
    });

  test('takes a token back by its id, and the running gateway refuses it and no other', async () => {
    const [token, other] = [await sign(), await sign()];
    expect(await ask(gateway.url, token, viewer)).toMatchObject({ data: { viewer: { tenantId: 'house' } } });
    const { jti } = claimsOf(token);
    const revoked = await run(['token', 'revoke', jti, '--tenant', 'house', '--ttl', '1h'], gateway.env);
    expect(revoked.status).toBe(0);
    expect(revoked.stdout).toMatch(RegExp(`^Revoked ${jti} of tenant house until 20\\S+Z\\.\n$`));
    await isRefused(token);
    expect(await ask(gateway.url, other, viewer)).toMatchObject({ data: { viewer: { tenantId: 'house' } } });
  });

  test('takes a token back by itself, until its own end, and does not repeat it', async () => {
    const token = await sign();
    const { jti, exp } = claimsOf(token);
    const { stdout } = await run(['token', 'revoke', token, '--tenant', 'house', '--url', gateway.url], gateway.env);
    expect(stdout).toBe(`Revoked ${jti} of tenant house until ${new Date(exp * 1_000).toISOString()}.\n`);
    await isRefused(token);
  });

  test('of another tenant takes nothing back', async () => {
    const token = await sign();
    const { status } = await run(['token', 'revoke', claimsOf(token).jti, '--tenant', 'garden'], gateway.env);
    expect(status).toBe(0);
    expect(await ask(gateway.url, token, viewer)).toMatchObject({ data: { viewer: { tenantId: 'house' } } });
  });

  test.each([
    [['revoke', '--tenant', 'house'], /The id of the token is missing/],
    [['revoke', 'a', 'b', '--tenant', 'house'], /"b" is not expected here/],
    [['revoke', 'a'], /--tenant is missing/],
    [['revoke', 'a', '--tenant', 'house', '--ttl', 'never'], /--ttl received "never"/],
    [['revoke', 'eyJhbGciOiJIUzI1NiJ9.e30.x', '--tenant', 'house'], /has no id \("jti"\) or no end/],
  ])('%j is a wrong call', async (args, says) => {
    const { status, stdout, stderr } = await run(['token', ...args], gateway.env);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(says);
    expect(stderr).toContain('Usage: tessera token revoke');
  });
});

describeServer('a gateway with several issuers', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  test('lets in the tokens of each, within what it may say, and nobody else', async () => {
    const folder = await newFolder();
    const { JWT_ISSUER: _, JWT_AUDIENCE: __, JWT_HS256_SECRET: secret = '', ...env } = serverEnv(db.urls);
    await writeFile(join(folder, 'secret'), `${secret}\n`);
    await writeFile(join(folder, 'partner.pem'), certificatePem);
    const issuers = [
      { issuer: 'https://house.example', audience: 'house', secretFile: 'secret' },
      { issuer: 'https://partner.example', audience: 'search', pemFile: 'partner.pem', tenants: ['partner'] },
    ];
    const path = join(folder, 'issuers.json');
    await writeFile(path, JSON.stringify({ issuers }));
    const server = start(['serve'], { ...env, JWT_ISSUERS_FILE: path });
    const [, url = ''] = await server.waitFor('stderr', /"url":"(http:[^"]+)","msg":"listening"/);
    const sign = (alg: string, key: Parameters<SignJWT['sign']>[0], claims: Record<string, string>) =>
      new SignJWT({ sub: 'ann', ...claims }).setProtectedHeader({ alg }).setExpirationTime('1h').sign(key);
    const house = { iss: 'https://house.example', aud: 'house', tenant: 'house' };
    const partner = { iss: 'https://partner.example', aud: 'search', tenant: 'partner' };
    const partnerKey = createPrivateKey(certificateKeyPem);
    const askWith = async (token: Promise<string>) => {
      const { data, errors } = await ask(url, await token, viewer);
      return (data?.viewer as { tenantId: string } | undefined)?.tenantId ?? errors?.[0]?.message;
    };
    const secretKey = new TextEncoder().encode(secret);
    expect(await askWith(sign('HS256', secretKey, house))).toBe('house');
    expect(await askWith(sign('ES256', partnerKey, partner))).toBe('partner');
    expect(await askWith(sign('HS256', secretKey, partner))).toMatch(
      /algorithm that is not accepted; allowed: RS256, PS256, ES256, EdDSA/,
    );
    expect(await askWith(sign('ES256', partnerKey, { ...partner, tenant: 'house' }))).toMatch(/may not speak for/);
    const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
    expect(await askWith(sign('ES256', stranger, partner))).toMatch(/signature does not match/);
    expect(await askWith(sign('ES256', stranger, { ...partner, iss: 'x' }))).toMatch(/names no issuer/);
    await server.kill();
  });

  test('does not start with a file that cannot be used, and says where the fault is', async () => {
    const path = join(await newFolder(), 'issuers.json');
    await writeFile(path, JSON.stringify({ issuers: [{ issuer: 'a', audience: 'b' }] }));
    const { JWT_ISSUER: _, JWT_AUDIENCE: __, JWT_HS256_SECRET: ___, ...env } = serverEnv(db.urls);
    const { status, stderr } = await run(['serve'], { ...env, JWT_ISSUERS_FILE: path });
    expect(status).toBe(78);
    expect(stderr).toMatch(
      /^tessera: The issuers of JWT_ISSUERS_FILE, [^\n]+:\n {2}issuers\[0\]: exactly one of [^\n]+\n$/,
    );
  });
});
