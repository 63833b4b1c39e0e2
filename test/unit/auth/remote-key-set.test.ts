import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRemoteKeySet, type RemoteKeySetOptions } from '../../../src/auth/remote-key-set.ts';
import { createTokenVerifier, type VerifyToken } from '../../../src/auth/verify-token.ts';
import * as forge from './tokens.ts';

const { rsa, otherRsa, ec } = forge.keys;
const minuteMs = 60_000;
const rotated: { keys: JWK[] } = {
  keys: [{ ...forge.otherRsaPublicJwk, kid: 'rsa-2', alg: 'RS256', use: 'sig' }],
};
const both = { keys: [...forge.keySet.keys, ...rotated.keys] };
const oldToken = await forge.signedWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-1' });
const newToken = await forge.signedWith(otherRsa.privateKey, { alg: 'RS256', kid: 'rsa-2' });

/** What the server answers with; a test sets it. */
let answer: RequestListener;
let requests: number;
let clockMs: number;
let url: string;
let close: () => void;

beforeEach(async () => {
  requests = 0;
  clockMs = 0;
  answer = publishing(forge.keySet);
  const server = createServer((request, response) => {
    requests++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  close = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterEach(() => close());

function publishing(keySet: object): RequestListener {
  return (_request, response) => response.end(JSON.stringify(keySet));
}

const down: RequestListener = (_request, response) => response.writeHead(503).end();

/** A verifier by the server's keys; tokens are never too old for it. */
function verifier(options: Partial<RemoteKeySetOptions> = {}): VerifyToken {
  const key = createRemoteKeySet(url, { now: () => clockMs, ...options });
  return createTokenVerifier({ ...forge.checks, algorithms: ['RS256', 'ES256', 'EdDSA'], key });
}

const isRefused = (verify: VerifyToken, token: string, words = 'not among the keys of its issuer') =>
  forge.expectRefusal(verify, token, words);
const isUnavailable = (verify: VerifyToken, token: string) =>
  forge.expectRefusal(verify, token, 'gave no usable answer', 'KEY_SERVER_UNAVAILABLE');

describe('a key that the issuer adds', () => {
  test('is found by its id without a restart, once the cool-down is over', async () => {
    const verify = verifier();
    await verify(oldToken);
    answer = publishing(both);
    clockMs += 29_999;
    await isRefused(verify, newToken);
    expect(requests, 'an unknown id within the cool-down asks for nothing').toBe(1);
    clockMs += 1;
    expect(await verify(newToken)).toEqual(forge.goodPrincipal);
    expect(await verify(oldToken)).toEqual(forge.goodPrincipal);
    expect(requests).toBe(2);
  });

  test('is not asked for once for each unknown id: a hundred in a minute are two requests', async () => {
    const verify = verifier();
    for (let index = 0; index < 100; index++) {
      await isRefused(verify, await forge.signedWith(rsa.privateKey, { alg: 'RS256', kid: `../../${index}` }));
      clockMs += 599;
    }
    expect(requests).toBe(2);
  });
});

describe('a key that the issuer withdraws', () => {
  test('ends what was verified with it, also what is remembered', async () => {
    const verify = verifier();
    await verify(oldToken);
    answer = publishing(rotated);
    clockMs += 10 * minuteMs + 1;
    // The keys are due; an unknown id waits for them.
    await isRefused(verify, await forge.signedWith(ec.privateKey, { alg: 'ES256', kid: 'ec-9' }));
    expect(requests).toBe(2);
    await isRefused(verify, oldToken);
    expect(await verify(newToken)).toEqual(forge.goodPrincipal);
  });
});

describe('while the issuer is down', () => {
  test('its keys serve for an hour, and not a moment longer', async () => {
    const verify = verifier();
    await verify(oldToken);
    answer = down;
    const fresh = (sub: string) => forge.signedWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-1' }, { sub });
    clockMs = 60 * minuteMs;
    expect((await verify(await fresh('late'))).subject).toBe('late');
    clockMs += 1;
    await isUnavailable(verify, await fresh('too late'));
    answer = publishing(forge.keySet);
    clockMs += 2_000;
    expect((await verify(await fresh('back'))).subject).toBe('back');
  });

  test('nobody waits for it while its keys serve', async () => {
    const verify = verifier();
    await verify(oldToken);
    answer = () => {};
    clockMs = 11 * minuteMs;
    const other = await forge.signedWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-1' }, { sub: 'quick' });
    expect((await verify(other)).subject).toBe('quick');
    await vi.waitFor(() => expect(requests).toBe(2));
  });

  test('it is not asked by every request: one in two seconds', async () => {
    answer = down;
    const verify = verifier();
    for (let index = 0; index < 10; index++) await isUnavailable(verify, oldToken);
    expect(requests).toBe(1);
    clockMs += 2_000;
    await isUnavailable(verify, oldToken);
    expect(requests).toBe(2);
    answer = publishing(forge.keySet);
    clockMs += 2_000;
    expect(await verify(oldToken)).toEqual(forge.goodPrincipal);
  });

  test('requests that come together share one question', async () => {
    const verify = verifier();
    await Promise.all(Array.from({ length: 20 }, () => verify(oldToken)));
    expect(requests).toBe(1);
  });
});

describe('an answer that is none', () => {
  test.each<[string, RequestListener]>([
    ['slow', () => {}],
    ['slow in its middle', (_request, response) => response.write('{"keys":[')],
    ['of 10 MB', (_request, response) => response.end(`{"keys":[],"x":"${'x'.repeat(10_000_000)}"}`)],
    ['10 MB that do not say so', (_request, response) => writeForever(response)],
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/other' }).end()],
    ['a page', (_request, response) => response.end('<html>')],
    ['empty', (_request, response) => response.end()],
    ['null', (_request, response) => response.end('null')],
    ['no list', (_request, response) => response.end('{"keys":{"kid":"rsa-1"}}')],
    ['an empty list', (_request, response) => response.end('{"keys":[]}')],
    ['shared secrets', (_request, response) => response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}')],
    ['another status', (_request, response) => response.writeHead(201).end(JSON.stringify(forge.keySet))],
    ['an end', (request) => request.socket.destroy()],
  ])('is a refusal when it is %s', async (_, listener) => {
    answer = listener;
    const startMs = performance.now();
    await isUnavailable(verifier({ timeoutMs: 200 }), oldToken);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  test('does not take away the keys that were there', async () => {
    const verify = verifier();
    await verify(oldToken);
    answer = (_request, response) => response.end('<html>');
    clockMs = 11 * minuteMs;
    await isUnavailable(verify, newToken);
    const other = await forge.signedWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-1' }, { sub: 'still' });
    expect((await verify(other)).subject).toBe('still');
  });
});

describe('keys of the wrong kind', () => {
  test('check nothing: a short RSA key, another curve, and the public key as a secret', async () => {
    const short = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
    const p384 = await generateKeyPair('ES384', { extractable: true });
    const weak: JWK = { kty: 'RSA', kid: 'weak', alg: 'RS256', n: 'u1SU1LfVLPHCozMxH2Mo', e: 'AQAB' };
    answer = publishing({
      keys: [
        ...forge.keySet.keys,
        weak,
        { ...(await exportJWK(p384.publicKey)), kid: 'p384' },
        { ...(await exportJWK(short.publicKey)), kid: 'rsa-3' },
      ],
    });
    const verify = verifier();
    expect(await verify(await forge.signedWith(short.privateKey, { alg: 'RS256', kid: 'rsa-3' }))).toEqual(
      forge.goodPrincipal,
    );
    await isRefused(verify, forge.unsigned({ alg: 'RS256', kid: 'weak' }, 'AAAA'), 'could not be checked with the key');
    await isRefused(verify, forge.unsigned({ alg: 'ES256', kid: 'p384' }, 'A'.repeat(86)));
    await isRefused(verify, await forge.signedWith(p384.privateKey, { alg: 'ES384', kid: 'p384' }), 'not accepted');
    const pem = await exportSPKI(short.publicKey);
    const confused = forge.rawHs256(JSON.stringify(forge.goodClaims), { kid: 'rsa-3' }, pem);
    await isRefused(verify, confused, 'not accepted');
    for (const brought of [{ jwk: forge.otherRsaPublicJwk }, { jku: url }, { x5u: url }]) {
      const token = await forge.signedWith(otherRsa.privateKey, { alg: 'RS256', kid: 'rsa-1', ...brought });
      await isRefused(verify, token, 'signature does not match');
    }
  });
});

function writeForever(response: Parameters<RequestListener>[1]): void {
  const part = Buffer.alloc(65_536, ' ');
  const write = () => {
    while (!response.destroyed && response.write(part));
  };
  response.on('drain', write);
  write();
}
