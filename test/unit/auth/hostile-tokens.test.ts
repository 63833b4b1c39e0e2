import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { openTokenKey } from '../../../src/auth/token-key.ts';
import { createTokenVerifier } from '../../../src/auth/verify-token.ts';
import * as forge from './tokens.ts';

const { hs256, nowSeconds, rawHs256, signedWith, unsigned } = forge;
const verify = createTokenVerifier({
  ...forge.checks,
  key: await openTokenKey({ kind: 'hs256', secret: forge.secret }),
  algorithms: ['HS256'],
});

const good = hs256();
const [goodHeader = '', goodClaims = '', goodSignature = ''] = good.split('.');
const changedClaims = forge.encode(JSON.stringify(forge.claimsWith({ tenant: 'globex' })));
const lookAlike = 'аcme'; // begins with a Cyrillic letter

const hostile: [title: string, token: string, words: string][] = [
  ['an empty token', '', 'it has 1 part separated by dots instead of 3'],
  ['a word', 'token', 'it has 1 part'],
  ['two parts', `${goodHeader}.${goodClaims}`, 'it has 2 parts'],
  ['an extra dot', `${good}.`, 'it has 4 parts'],
  ['a token twice', `${good}.${good}`, 'it has 6 parts'],
  ['an encrypted token of five parts', `${goodHeader}.a.b.c.d`, 'it has 5 parts'],
  ['three dots with nothing between', '..', 'not a well-formed signed JWT'],
  ['a token of more than 8 KiB', hs256({ padding: 'x'.repeat(8192) }), 'too large'],
  ['a token of 10 MB', 'x'.repeat(10_000_000), 'too large: 10000000 bytes, and at most 8192'],
  ['a header that is not JSON', `${forge.encode('{alg:HS256}')}.${goodClaims}.${goodSignature}`, 'not a well-formed'],
  ['a header that is a list', `${forge.encode('[]')}.${goodClaims}.${goodSignature}`, 'not a well-formed'],
  ['a header in plain base64', `${goodHeader}==.${goodClaims}.${goodSignature}`, 'not a well-formed'],
  ['a header without an algorithm', unsigned({ typ: 'JWT' }, goodSignature), 'not a well-formed'],
  ['an algorithm that is a list', unsigned({ alg: ['HS256'] }, goodSignature), 'not a well-formed'],
  ['a truncated signature', good.slice(0, -4), 'signature does not match'],
  ['no signature', `${goodHeader}.${goodClaims}.`, 'signature does not match'],
  ['changed claims', `${goodHeader}.${changedClaims}.${goodSignature}`, 'signature does not match'],
  ['another secret', rawHs256(JSON.stringify(forge.goodClaims), {}, 'another secret'), 'signature does not match'],
  ['an empty secret', rawHs256(JSON.stringify(forge.goodClaims), {}, ''), 'signature does not match'],
  ['the algorithm none', unsigned({ alg: 'none' }), 'algorithm that is not accepted; allowed: HS256'],
  ['the algorithm none in other letters', unsigned({ alg: 'nOnE' }), 'algorithm that is not accepted'],
  ['none with a signature', unsigned({ alg: 'none' }, goodSignature), 'algorithm that is not accepted'],
  ['an empty algorithm', unsigned({ alg: '' }, goodSignature), 'not a well-formed'],
  ['the algorithm in small letters', unsigned({ alg: 'hs256' }, goodSignature), 'algorithm that is not accepted'],
  ['an algorithm that is not listed', await signHs512(), 'algorithm that is not accepted'],
  ['a public key algorithm', await signedWith(forge.keys.rsa.privateKey, { alg: 'RS256' }), 'not accepted'],
  ['an unknown critical header', hs256({}, { crit: ['x'], x: 1 }), 'demands an extension'],
  ['a critical header that is missing', hs256({}, { crit: ['exp'] }), 'demands an extension'],
  ['an empty list of critical headers', hs256({}, { crit: [] }), 'not a well-formed'],
  ['an unencoded payload', unencodedPayload(), 'well-formed'],
  ['claims that are not JSON', rawHs256('tenant=acme'), 'not a well-formed'],
  ['claims that are a list', rawHs256('["acme"]'), 'not a well-formed'],
  ['claims that are null', rawHs256('null'), 'not a well-formed'],
  ['a token that expired', hs256({ exp: nowSeconds - 5 }), 'expired at 2029-12-31T23:59:55.000Z'],
  ['a token that expired before all calendars', hs256({ exp: -1e300 }), 'expired at a time that no calendar holds'],
  ['no expiry', hs256({ exp: undefined }), 'no "exp" claim; it is required'],
  ['an expiry in words', hs256({ exp: 'tomorrow' }), '"exp" claim is not a number of seconds'],
  ['an expiry of null', hs256({ exp: null }), '"exp" claim is not a number of seconds'],
  ['an expiry in digits', hs256({ exp: String(nowSeconds + 60) }), '"exp" claim is not a number of seconds'],
  [
    'an expiry at infinity',
    rawHs256(JSON.stringify(forge.goodClaims).replace(/"exp":\d+/, '"exp":1e999')),
    '"exp" claim',
  ],
  ['a token for later', hs256({ nbf: nowSeconds + 6 }), 'not valid before 2030-01-01T00:00:06.000Z'],
  ['a not-before in words', hs256({ nbf: 'yesterday' }), '"nbf" claim is not a number of seconds'],
  ['another issuer', hs256({ iss: 'https://evil.example' }), 'issuer, "https://evil.example", is not accepted'],
  [
    'the issuer without its slash',
    hs256({ iss: 'https://login.example.com' }),
    'allowed: "https://login.example.com/"',
  ],
  ['the issuer in a list', hs256({ iss: [forge.issuer] }), 'is not accepted'],
  ['no issuer', hs256({ iss: undefined }), 'no "iss" claim'],
  ['another audience', hs256({ aud: 'billing' }), 'meant for "billing"; it must be meant for "search"'],
  ['other audiences', hs256({ aud: ['billing', 'mail'] }), 'meant for ["billing","mail"]'],
  ['an audience that holds ours as a part', hs256({ aud: 'search-admin' }), 'meant for "search-admin"'],
  ['no audience', hs256({ aud: undefined }), 'no "aud" claim'],
  ['an empty list of audiences', hs256({ aud: [] }), 'meant for []'],
  ['no tenant', hs256({ tenant: undefined }), 'claim "tenant" does not name a tenant: it must be a string'],
  ['a tenant of null', hs256({ tenant: null }), 'it is missing'],
  ['a list of tenants', hs256({ tenant: ['acme'] }), 'it is a list of 1 entry'],
  ['a tenant that is an object', hs256({ tenant: { id: 'acme' } }), 'it is an object'],
  ['a tenant that is a number', hs256({ tenant: 7 }), 'it is a number'],
  ['a tenant that is true', hs256({ tenant: true }), 'it is a boolean'],
  ['an empty tenant', hs256({ tenant: '' }), 'it is empty'],
  [
    'a tenant with a look-alike letter',
    hs256({ tenant: lookAlike }),
    'it is a string of 4 characters that does not fit',
  ],
  ['a tenant with a line break', hs256({ tenant: 'acme\n' }), 'it is a string of 5 characters that does not fit'],
  ['a tenant with a NUL', hs256({ tenant: 'acme\0' }), 'does not fit'],
  ['a tenant with SQL', hs256({ tenant: "acme' or '1'='1" }), 'does not fit'],
  ['a tenant with a space in front', hs256({ tenant: ' acme' }), 'does not fit'],
  ['a tenant of 65 characters', hs256({ tenant: 'a'.repeat(65) }), 'it is a string of 65 characters'],
  [
    'two tenants, the second without a name',
    rawHs256(`${JSON.stringify(forge.goodClaims).slice(0, -1)},"tenant":""}`),
    'it is empty',
  ],
  [
    'a tenant in the prototype',
    rawHs256(JSON.stringify(forge.claimsWith({ tenant: undefined })).replace('{', '{"__proto__":{"tenant":"acme"},')),
    'it is missing',
  ],
  ['an expiry twice, the second over', twice(`"exp":${nowSeconds - 60}`), 'expired at'],
  ['an audience twice, the second another', twice('"aud":"billing"'), 'meant for "billing"'],
  ['an issuer twice, the second another', twice('"iss":"https://evil.example"'), 'is not accepted'],
  ['a tenant twice, the second a list', twice('"tenant":["acme"]'), 'it is a list of 1 entry'],
  ['a not-before twice, the second later', twice(`"nbf":${nowSeconds + 60}`), 'not valid before'],
  [
    'an algorithm twice, the second none',
    `${forge.encode('{"alg":"HS256","alg":"none"}')}.${goodClaims}.`,
    'algorithm that is not accepted',
  ],
  ['a critical header twice, the second unknown', hs256({}, { crit: ['exp', 'jwk'], jwk: {} }), 'demands an extension'],
  ['a tenant in a claim that only looks alike', hs256({ tenant: undefined, 'tenant\u200b': 'acme' }), 'it is missing'],
  ['no subject', hs256({ sub: undefined }), 'claim "sub" does not name a user'],
  ['an empty subject', hs256({ sub: '' }), 'claim "sub" does not name a user'],
  ['a subject that is a number', hs256({ sub: 42 }), 'it is a number'],
  ['a subject of 257 characters', hs256({ sub: 'a'.repeat(257) }), 'it is a string of 257 characters'],
  ['a subject with a NUL', hs256({ sub: 'ada\0' }), 'does not fit'],
  ['a subject with half a character', hs256({ sub: 'ada\ud800' }), 'does not fit'],
  ['a token id that is a number', hs256({ jti: 7 }), 'claim "jti" does not name the token'],
  ['a token id of null', hs256({ jti: null }), 'claim "jti" does not name the token'],
  ['an empty token id', hs256({ jti: '' }), 'claim "jti" does not name the token'],
  ['a token id of 257 characters', hs256({ jti: 'j'.repeat(257) }), 'claim "jti" does not name the token'],
  ['a token id with a NUL', hs256({ jti: 'a\0' }), 'claim "jti" does not name the token'],
  ['groups in an object', hs256({ groups: { staff: true } }), 'claim "groups" is not usable'],
  ['a group that is a number', hs256({ groups: ['staff', 7] }), 'an entry does not fit'],
  ['a group without a name', hs256({ groups: [''] }), 'an entry does not fit'],
  ['a group of 257 characters', hs256({ groups: ['g'.repeat(257)] }), 'an entry does not fit'],
  ['257 groups', hs256({ groups: Array.from({ length: 257 }, (_, i) => `g${i}`) }), 'it is a list of 257 entries'],
  ['scopes in an object', hs256({ scope: { search: true } }), 'claim "scope" is not usable'],
  ['a scope that is a list', hs256({ scope: [['search']] }), 'an entry does not fit'],
];

test('the hostile tokens are many', () => {
  expect(hostile.length).toBeGreaterThanOrEqual(90);
});

describe('with a shared secret', () => {
  test.each(hostile)('%s is refused', (_title, token, words) => forge.expectRefusal(verify, token, words));
});

const accepted: [title: string, token: string, changes: object][] = [
  ['a good token', good, {}],
  ['a good token with headers that are ignored', hs256({}, { jku: 'https://evil.example', kid: '../x' }), {}],
  ['a tenant twice, of which the last counts', twice('"tenant":"globex"'), { tenantId: 'globex' }],
  ['a good token whose type is anything, where none is demanded', hs256({}, { typ: 'anything' }), {}],
  ['an expiry within the tolerance', hs256({ exp: nowSeconds - 4 }), {}],
  ['a not-before within the tolerance', hs256({ nbf: nowSeconds + 5 }), {}],
  ['an audience in a list with others', hs256({ aud: ['billing', 'search'] }), {}],
  ['a tenant of 64 characters', hs256({ tenant: 'a'.repeat(64) }), { tenantId: 'a'.repeat(64) }],
  ['a subject of 256 characters in any script', hs256({ sub: 'ж'.repeat(256) }), { subject: 'ж'.repeat(256) }],
  ['one group that is not in a list', hs256({ groups: 'all staff' }), { groups: ['all staff'] }],
  ['256 groups', hs256({ groups: manyGroups() }), { groups: manyGroups() }],
  ['a token id of 256 characters', hs256({ jti: 'j'.repeat(256) }), { tokenId: 'j'.repeat(256) }],
  ['no groups', hs256({ groups: undefined }), { groups: [] }],
  ['groups of null', hs256({ groups: null }), { groups: [] }],
  ['scopes in a list', hs256({ scope: ['search'] }), { scopes: ['search'] }],
  ['no scopes, and nothing may be done', hs256({ scope: undefined }), { scopes: [] }],
  ['empty scopes', hs256({ scope: ' ' }), { scopes: [] }],
];

describe('accepted', () => {
  test.each(accepted)('%s', async (_title, token, changes) => {
    expect(await verify(token)).toEqual({ ...forge.goodPrincipal, ...changes });
  });
});

/** The good claims with one more behind them: the last of two counts (RFC 7519, section 4). */
function twice(claim: string): string {
  return rawHs256(`${JSON.stringify(forge.goodClaims).slice(0, -1)},${claim}}`);
}

function manyGroups(): string[] {
  return Array.from({ length: 256 }, (_, i) => `g${i}`);
}

function signHs512(): Promise<string> {
  return new SignJWT(forge.goodClaims).setProtectedHeader({ alg: 'HS512' }).sign(new Uint8Array(64));
}

/** RFC 7797: the payload stands in the token as it is. */
function unencodedPayload(): string {
  const signed = `${forge.encode(JSON.stringify({ alg: 'HS256', b64: false, crit: ['b64'] }))}.acme`;
  return `${signed}.${createHmac('sha256', forge.keys.secret).update(signed).digest('base64url')}`;
}
