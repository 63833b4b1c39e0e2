import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openTokenKey, type TokenKey } from '../../../src/auth/token-key.ts';
import { createTokenVerifier } from '../../../src/auth/verify-token.ts';
import * as forge from './tokens.ts';

const { hs256, nowSeconds, signedWith } = forge;

/** A verifier with a clock that the test moves and a count of the signatures it checked. */
async function counted(options: object = {}) {
  const open = await openTokenKey({ kind: 'hs256', secret: forge.secret });
  const lookUp = vi.fn<TokenKey['find']>(open.find);
  const clock = { seconds: nowSeconds };
  const now = () => clock.seconds * 1000;
  const verify = createTokenVerifier({
    ...forge.checks,
    algorithms: ['HS256'],
    key: { find: lookUp },
    now,
    ...options,
  });
  return { verify, clock, checked: () => lookUp.mock.calls.length };
}

describe('a verified token', () => {
  test('is checked once and gives the same frozen principal', async () => {
    const { verify, checked } = await counted();
    const principal = await verify(hs256());
    expect(await verify(hs256())).toBe(principal);
    expect(checked()).toBe(1);
    expect(Object.isFrozen(principal) && Object.isFrozen(principal.groups) && Object.isFrozen(principal.scopes)).toBe(
      true,
    );
  });

  test('is not remembered past its expiry, tolerance or not', async () => {
    const { verify, clock, checked } = await counted();
    await verify(hs256());
    clock.seconds = nowSeconds + 59;
    await verify(hs256());
    expect(checked()).toBe(1);
    clock.seconds = nowSeconds + 60;
    await verify(hs256());
    await verify(hs256());
    expect(checked()).toBe(3);
    clock.seconds = nowSeconds + 65;
    await expect(verify(hs256())).rejects.toThrow('expired at 2030-01-01T00:01:00.000Z');
  });

  test('is checked again after ten minutes', async () => {
    const { verify, clock, checked } = await counted();
    const token = hs256({ exp: nowSeconds + 86_400 });
    await verify(token);
    clock.seconds += 599;
    await verify(token);
    expect(checked()).toBe(1);
    clock.seconds += 1;
    await verify(token);
    expect(checked()).toBe(2);
  });

  test('does not vouch for a token that differs in its signature only', async () => {
    const { verify } = await counted();
    const token = hs256();
    await verify(token);
    const changed = token.slice(0, -3) + (token.endsWith('AAA') ? 'BBB' : 'AAA');
    await forge.expectRefusal(verify, changed, 'signature does not match');
  });
});

test('a refused token is checked each time', async () => {
  const { verify, checked } = await counted();
  await forge.expectRefusal(verify, hs256({ tenant: 7 }), 'it is a number');
  await forge.expectRefusal(verify, hs256({ tenant: 7 }), 'it is a number');
  expect(checked()).toBe(2);
});

test('claims are read under the configured names', async () => {
  const claims = { tenant: 'https://example.com/tenant', subject: 'user.name', groups: 'org.teams', scopes: 'scp' };
  const { verify } = await counted({ claims });
  const token = hs256({
    'https://example.com/tenant': 'globex',
    user: { name: 'grace' },
    org: { teams: ['blue'] },
    scp: ['search'],
  });
  expect(await verify(token)).toEqual({ tenantId: 'globex', subject: 'grace', groups: ['blue'], scopes: ['search'] });
});

describe('a key set behind a URL', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function keyServer(answer: RequestListener) {
    const listener = vi.fn(answer);
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const key = await openTokenKey({ kind: 'jwks-url', url });
    return { url, listener, verify: createTokenVerifier({ ...forge.checks, algorithms: ['RS256', 'ES256'], key }) };
  }

  const { rsa, ec } = forge.keys;

  test('is fetched with the first token and kept', async () => {
    const { verify, listener } = await keyServer((_request, response) => response.end(JSON.stringify(forge.keySet)));
    expect(listener).not.toHaveBeenCalled();
    const tokens = await Promise.all([
      signedWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-1' }),
      signedWith(ec.privateKey, { alg: 'ES256', kid: 'ec-1' }),
    ]);
    for (const token of tokens) expect(await verify(token)).toEqual(forge.goodPrincipal);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('is not asked again at once for each unknown key id', async () => {
    const { verify, listener } = await keyServer((_request, response) => response.end(JSON.stringify(forge.keySet)));
    for (const kid of ['a', 'b', 'c']) {
      const token = await signedWith(rsa.privateKey, { alg: 'RS256', kid });
      await forge.expectRefusal(verify, token, 'not among the keys of its issuer');
    }
    expect(listener).toHaveBeenCalledTimes(1);
  });

  const broken: [title: string, answer: RequestListener][] = [
    ['answers with an error', (_request, response) => response.writeHead(500).end()],
    ['answers with a page', (_request, response) => response.end('<html>')],
    ['answers with something else', (_request, response) => response.end('{"keys":7}')],
    ['sends elsewhere', (_request, response) => response.writeHead(302, { location: 'http://evil.example/' }).end()],
    ['hangs up', (request) => request.socket.destroy()],
  ];

  test.each(broken)('that %s is a refusal that does not tell its address', async (_title, answer) => {
    const { verify, url } = await keyServer(answer);
    const token = await signedWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-1' });
    await forge.expectRefusal(
      verify,
      token,
      'the server with the keys of its issuer gave no usable answer',
      'KEY_SERVER_UNAVAILABLE',
    );
    await expect(verify(token)).rejects.toMatchObject({
      message: expect.not.stringContaining(url),
      cause: expect.any(Error),
    });
  });
});
