import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiKey, readApiKeys, revokeApiKey } from '../../src/access/api-keys.ts';
import { revokeToken } from '../../src/access/revoke-token.ts';
import { newApiKey } from '../../src/auth/api-key.ts';
import type { ApiKeyId } from '../../src/ids.ts';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, dataOf } from '../support/graphql-answer.ts';
import { principalOf } from '../support/principal.ts';
import { expectRefusal } from '../support/refusal.ts';

interface CreatedKey {
  readonly key: string;
  readonly apiKey: Record<'id' | 'prefix' | 'name' | 'subject' | 'createdBy', string>;
}

const viewer = '{ viewer { tenantId subject groups scopes } }';
const createMutation = `mutation($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { key apiKey { id prefix name subject groups scopes createdBy expiresAt lastUsedAt revokedAt } }
}`;
const revokeMutation = 'mutation($id: ID!) { revokeApiKey(id: $id) { prefix revokedAt } }';
const revokeTokenMutation =
  'mutation($tokenId: String!, $expiresAt: DateTime!) { revokeToken(tokenId: $tokenId, expiresAt: $expiresAt) { tokenId } }';
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

let gateway: TestGateway;
let admin: string;
let stranger: string;

beforeAll(async () => {
  gateway = await openTestGateway();
  admin = await gateway.tokenFor('alpha');
  stranger = await gateway.tokenFor('beta');
  await gateway.upsert('alpha', [
    { collection: 'notes', externalId: 'lamp', title: 'The lamp', body: 'It is broken.' },
  ]);
});
afterAll(() => gateway.close());

async function create(input: Record<string, unknown> = {}, token = admin): Promise<CreatedKey> {
  const variables = { input: { name: 'robot', scopes: ['search'], ...input } };
  return dataOf(await gateway.graphql<{ createApiKey: CreatedKey }>(token, createMutation, variables)).createApiKey;
}

const unauthenticated = (says: RegExp) => ({ status: 401, code: 'UNAUTHENTICATED', says });
const revoked = (says: RegExp) => ({ status: 401, code: 'TOKEN_REVOKED', says });

describe('an API key', () => {
  test('lets a program in as what it was made for, and as nothing else', async () => {
    const { key } = await create({
      subject: 'nightly import',
      groups: ['staff'],
      scopes: ['search', 'documents:read'],
    });
    expect(dataOf(await gateway.graphql(key, viewer))).toEqual({
      viewer: {
        tenantId: 'alpha',
        subject: 'nightly import',
        groups: ['staff'],
        scopes: ['search', 'documents:read'],
      },
    });
    expect(dataOf(await gateway.graphql(key, '{ documents { edges { node { title } } } }'))).toMatchObject({
      documents: { edges: [{ node: { title: 'The lamp' } }] },
    });
    expectRefusal(await gateway.graphql(key, 'mutation { deleteDocuments(ids: []) { deletedIds } }'), {
      status: 403,
      code: 'FORBIDDEN',
      says: /scope "documents:write"; yours has "search", "documents:read"/,
    });
  });

  test('is taken for itself when it names nobody', async () => {
    const { key, apiKey } = await create();
    expect(apiKey).toMatchObject({ subject: `key:${apiKey.prefix}`, createdBy: 'somebody', lastUsedAt: null });
    expect(dataOf(await gateway.graphql(key, viewer))).toMatchObject({ viewer: { subject: `key:${apiKey.prefix}` } });
  });

  test('is stored nowhere: neither it nor its secret is in the database or in the log', async () => {
    const { key, apiKey } = await create();
    await gateway.graphql(key, viewer);
    const { rows } = await gateway.db.owner.query<{ text: string; hash: string }>(
      `select to_jsonb(k)::text as text, encode(secret_hash, 'hex') as hash from api_keys k where prefix = $1`,
      [apiKey.prefix],
    );
    expect(rows[0]?.text).toContain(apiKey.prefix);
    expect(rows[0]?.text).not.toContain(key.slice(17));
    expect(rows[0]?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(gateway.logged)).not.toContain(key.slice(17));
  });

  test('is listed without its secret, newest first', async () => {
    const { apiKey } = await create({ name: 'the newest' });
    const { apiKeys } = dataOf(
      await gateway.graphql<{ apiKeys: { id: string; name: string }[] }>(admin, '{ apiKeys { id name } }'),
    );
    expect(apiKeys[0]).toEqual({ id: apiKey.id, name: 'the newest' });
    expect(dataOf(await gateway.graphql(stranger, '{ apiKeys { id } }'))).toEqual({ apiKeys: [] });
  });

  test('holds until its expiry and not after', async () => {
    const { key } = await create({ expiresAt: inAnHour() });
    const nowMs = gateway.clock.nowMs;
    try {
      expect((await gateway.graphql(key, viewer)).status).toBe(200);
      gateway.clock.nowMs = Date.now() + 3_599_000;
      expect((await gateway.graphql(key, viewer)).status).toBe(200);
      gateway.clock.nowMs = Date.now() + 3_601_000;
      expectRefusal(
        await gateway.graphql(key, viewer),
        unauthenticated(/^The API key expired at 20[^ ]+Z\. Use another/),
      );
    } finally {
      gateway.clock.nowMs = nowMs;
    }
  });

  test('is refused from the moment that it is revoked, however often it was used before', async () => {
    const { key, apiKey } = await create();
    for (let use = 0; use < 3; use++) expect((await gateway.graphql(key, viewer)).status).toBe(200);
    expect(dataOf(await gateway.graphql(admin, revokeMutation, { id: apiKey.id }))).toMatchObject({
      revokeApiKey: { prefix: apiKey.prefix, revokedAt: expect.any(String) },
    });
    for (let use = 0; use < 2; use++)
      expectRefusal(await gateway.graphql(key, viewer), revoked(/^The API key was revoked at .*\. Use another/));
    const again = await gateway.graphql(admin, revokeMutation, { id: apiKey.id });
    expect(again.data).toMatchObject({ revokeApiKey: { prefix: apiKey.prefix } });
  });

  test('is asked for in the database once, however often it is used', async () => {
    const { key, apiKey } = await create();
    expect((await gateway.graphql(key, viewer)).status).toBe(200);
    // Past the triggers, as nothing in the program does: who was let in is remembered.
    await gateway.db.owner.query(`update api_keys set prefix = 'ffffffffffff' where prefix = $1`, [apiKey.prefix]);
    expect((await gateway.graphql(key, viewer)).status).toBe(200);
  });

  test('has its last use written, in a batch', async () => {
    const { key, apiKey } = await create();
    await gateway.graphql(key, viewer);
    await gateway.flushKeyUses();
    const { rows } = await gateway.db.owner.query('select last_used_at as at from api_keys where prefix = $1', [
      apiKey.prefix,
    ]);
    expect(rows).toEqual([{ at: new Date(gateway.clock.nowMs) }]);
  });
});

describe('an API key that does not hold', () => {
  test.each([
    ['is cut', (key: string) => key.slice(0, -1), /malformed: .* 81 characters in all; received 80/],
    ['has a character more', (key: string) => `${key}0`, /malformed.*received 82/],
    ['is its prefix alone', (key: string) => key.slice(0, 17), /malformed.*received 17/],
    ['is in capitals', (key: string) => `tsr_${key.slice(4).toUpperCase()}`, /malformed/],
    ['is huge', () => `tsr_${'0'.repeat(6_000)}`, /malformed: .*received 6004/],
    [
      'has the prefix of another',
      (key: string) => `${key.slice(0, 17)}${newApiKey().key.reveal().slice(17)}`,
      /not known/,
    ],
    ['has one digit of its secret changed', (key: string) => changeLast(key), /not known/],
    [
      'has the secret of another',
      (key: string) => `${newApiKey().key.reveal().slice(0, 17)}${key.slice(17)}`,
      /not known/,
    ],
    ['never was one', () => newApiKey().key.reveal(), /not known/],
  ])('is refused when it %s', async (_, change, says) => {
    const { key } = await create();
    const answer = await gateway.graphql(change(key), viewer);
    expectRefusal(answer, unauthenticated(says));
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.text).not.toContain(key.slice(17, 60));
    expect((await gateway.graphql(key, viewer)).status, 'the key itself holds').toBe(200);
  });

  test('is refused alike whether its prefix is somebody’s or nobody’s', async () => {
    const { key } = await create();
    const messages = await Promise.all(
      [changeLast(key), newApiKey().key.reveal()].map(
        async (bad) => (await gateway.graphql(bad, viewer)).errors[0]?.message,
      ),
    );
    expect(messages[0]).toBe(messages[1]);
  });

  test('is told from another of the same prefix by its hash', async () => {
    const [one, two] = [await create({ subject: 'one' }), await create({ subject: 'two' }, stranger)];
    await gateway.db.owner.query(
      `update api_keys set prefix = $1, secret_hash = sha256(convert_to(replace($3, $2, $1), 'UTF8')) where prefix = $2`,
      [one.apiKey.prefix, two.apiKey.prefix, two.key],
    );
    const seen = [one.key, two.key.replace(two.apiKey.prefix, one.apiKey.prefix)].map(
      async (key) => dataOf(await gateway.graphql(key, viewer)).viewer,
    );
    expect(await Promise.all(seen)).toMatchObject([
      { tenantId: 'alpha', subject: 'one' },
      { tenantId: 'beta', subject: 'two' },
    ]);
  });
});

describe('a flood of invented keys', () => {
  test('costs the database no read each, and keeps out nobody who was here before', async () => {
    const counted = countFlights();
    const flooded = await openTestGateway({ accessFrom: counted.serveFrom });
    try {
      const token = await flooded.tokenFor('alpha');
      const made = await flooded.graphql<{ createApiKey: { key: string } }>(token, createMutation, {
        input: { name: 'robot', scopes: ['search'] },
      });
      const { key } = dataOf(made).createApiKey;
      expect((await flooded.graphql(key, viewer)).status).toBe(200);
      counted.take();
      const startMs = performance.now();
      const invented = Array.from({ length: 600 }, () => newApiKey().key.reveal());
      const answers = await Promise.all(invented.map((one) => flooded.graphql(one, viewer)));
      const refused = answers.filter(({ status }) => status === 429);
      const reads = counted.take();
      expect(reads).toBeLessThanOrEqual(101 + (20 * (performance.now() - startMs)) / 1_000);
      expect(reads + refused.length, 'each is looked up or refused').toBe(600);
      expectRefusal(refused[0] as Answer, {
        status: 429,
        code: 'TOO_MANY_UNKNOWN_KEYS',
        says: /Try again in a moment/,
      });
      expect(refused[0]?.headers.get('retry-after')).toBe('1');
      expect((await flooded.graphql(key, viewer)).status, 'a key that was seen').toBe(200);
      expect((await flooded.graphql(token, viewer)).status, 'a token').toBe(200);
    } finally {
      await flooded.close();
    }
  });
});

describe('making and revoking keys', () => {
  const create400 = [
    ['no scope', { scopes: [] }, /scopes are not usable: received none; allowed are search, documents:read/],
    ['a scope that is none', { scopes: ['search', 'everything'] }, /received "everything"/],
    ['the operator’s scope', { scopes: ['operator'] }, /received "operator"/],
    ['no name', { name: ' ' }, /name has 1 characters; 1 to 200/],
    ['an overlong name', { name: 'n'.repeat(201) }, /name has 201 characters/],
    ['a subject with a NUL', { subject: 'a\0' }, /subject is not usable/],
    ['an empty group', { groups: [''] }, /groups are not usable/],
    ['257 groups', { groups: Array.from({ length: 257 }, (_, i) => `g${i}`) }, /at most 256/],
    ['an expiry that has passed', { expiresAt: '2020-01-01T00:00:00Z' }, /expiry is not in the future/],
  ] as const;

  test.each(create400)('refuses %s', async (_, input, says) => {
    const variables = { input: { name: 'robot', scopes: ['search'], ...input } };
    expectRefusal(await gateway.graphql(admin, createMutation, variables), {
      status: 400,
      code: 'BAD_USER_INPUT',
      says,
    });
  });

  test('gives a key no scope that its maker lacks', async () => {
    const modest = await gateway.tokenFor('alpha', ['search', 'tenant:admin']);
    const variables = { input: { name: 'robot', scopes: ['search', 'documents:write'] } };
    expectRefusal(await gateway.graphql(modest, createMutation, variables), {
      status: 403,
      code: 'FORBIDDEN',
      says: /scope "documents:write", which you do not have yourself/,
    });
    expect((await create({ scopes: ['search'] }, modest)).key).toMatch(/^tsr_/);
  });

  test('is not for another tenant’s administrator, who is told no more than of a key that never was', async () => {
    const { key, apiKey } = await create();
    expect(await gateway.graphql(stranger, revokeMutation, { id: apiKey.id })).toMatchObject({
      status: 200,
      data: { revokeApiKey: null },
    });
    expect((await gateway.graphql(key, viewer)).status).toBe(200);
    const never = Buffer.from('ApiKey:01890000-0000-7000-8000-000000000003').toString('base64');
    expect((await gateway.graphql(stranger, revokeMutation, { id: never })).data).toEqual({ revokeApiKey: null });
  });

  test('refuses an id that is no key’s', async () => {
    for (const id of ['x', Buffer.from('Document:01890000-0000-7000-8000-000000000003').toString('base64')])
      expectRefusal(await gateway.graphql(admin, revokeMutation, { id }), {
        status: 400,
        code: 'BAD_USER_INPUT',
        says: /is not the id of an API key/,
      });
  });

  test('is refused by PostgreSQL, too, for a principal without tenant:admin', async () => {
    const { apiKey } = await create();
    const id = Buffer.from(apiKey.id, 'base64').toString().slice('ApiKey:'.length) as ApiKeyId;
    const denied = { code: '42501' };
    for (const scopes of [[], ['search'], ['search', 'documents:read', 'documents:write', 'operator']]) {
      const who = principalOf('alpha', { scopes });
      await expect(readApiKeys(gateway.deps, who)).rejects.toMatchObject(denied);
      await expect(revokeApiKey(gateway.deps, who, id)).rejects.toMatchObject(denied);
      await expect(revokeToken(gateway.deps, who, 'x', new Date(Date.now() + 60_000))).rejects.toMatchObject(denied);
      const wanted = { name: 'robot', scopes: scopes.slice(0, 1) };
      if (scopes.length > 0) await expect(createApiKey(gateway.deps, who, wanted)).rejects.toMatchObject(denied);
    }
    const real = principalOf('alpha', { scopes: ['search', 'tenant:admin'] });
    expect((await createApiKey(gateway.deps, real, { name: 'robot', scopes: ['search'] })).apiKey.name).toBe('robot');
  });
});

describe('a token that is revoked', () => {
  const revoke = (token: string, tokenId: string) =>
    gateway.graphql(token, revokeTokenMutation, { tokenId, expiresAt: inAnHour() });

  test('is refused from then on, also where it was verified before', async () => {
    const [token, other] = await Promise.all([
      gateway.tokenFor('alpha', ['search'], { tokenId: 'lost' }),
      gateway.tokenFor('alpha', ['search'], { tokenId: 'kept' }),
    ]);
    for (const one of [token, other]) expect((await gateway.graphql(one, viewer)).status).toBe(200);
    expect((await revoke(admin, 'lost')).data).toEqual({ revokeToken: { tokenId: 'lost' } });
    for (let replay = 0; replay < 2; replay++)
      expectRefusal(await gateway.graphql(token, viewer), revoked(/^The token was revoked\. Get a new one\.$/));
    expect((await gateway.graphql(other, viewer)).status).toBe(200);
  });

  test('stays revoked when it is revoked again with an earlier expiry', async () => {
    await revoke(admin, 'twice');
    const early = { tokenId: 'twice', expiresAt: new Date(Date.now() + 60_000).toISOString() };
    expect((await gateway.graphql(admin, revokeTokenMutation, early)).errors).toEqual([]);
    const { rows } = await gateway.db.owner.query(
      `select expires_at > now() + interval '30 minutes' as later from revoked_tokens where token_id = 'twice'`,
    );
    expect(rows).toEqual([{ later: true }]);
  });

  test('is not one that has expired: an expiry in the past is refused, with what to give instead', async () => {
    const past = { tokenId: 'past', expiresAt: '2020-01-01T00:00:00Z' };
    expectRefusal(await gateway.graphql(admin, revokeTokenMutation, past), {
      status: 400,
      code: 'BAD_USER_INPUT',
      says: /^The token's expiry, 2020-01-01T00:00:00\.000Z, is not in the future\. Give the token's own "exp"/,
    });
    const { rows } = await gateway.db.owner.query(`select 1 from revoked_tokens where token_id = 'past'`);
    expect(rows).toEqual([]);
  });

  test('is one of its own tenant: the same id elsewhere holds', async () => {
    const token = await gateway.tokenFor('alpha', ['search'], { tokenId: 'shared' });
    expect((await revoke(stranger, 'shared')).errors).toEqual([]);
    expect((await gateway.graphql(token, viewer)).status).toBe(200);
  });

  test('needs tenant:admin', async () => {
    const token = await gateway.tokenFor('alpha', ['search', 'documents:read', 'documents:write']);
    expectRefusal(await revoke(token, 'x'), { status: 403, code: 'FORBIDDEN', says: /scope "tenant:admin"/ });
  });
});

function changeLast(key: string): string {
  return `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
}
