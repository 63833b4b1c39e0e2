import { describe, expect, test } from 'vitest';
import { defaultClaimNames } from '../../src/auth/claims.ts';
import type { Answer } from '../support/graphql-answer.ts';
import { expectRefusal } from '../support/refusal.ts';
import { useUntouchedGateway } from '../support/untouched-gateway.ts';

const at = useUntouchedGateway();

describe('a token that does not hold', () => {
  const unauthenticated = { status: 401, code: 'UNAUTHENTICATED' };
  const viewer = '{ viewer { tenantId } }';

  async function expectUnauthenticated(answer: Answer, says: RegExp): Promise<void> {
    expectRefusal(answer, { ...unauthenticated, says });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }

  test('is refused after its time, and holds until then', async () => {
    const token = await at.gateway.tokenFor('alpha', ['search'], { ttlSeconds: 60 });
    const issuedAtMs = at.gateway.clock.nowMs;
    try {
      at.gateway.clock.nowMs = issuedAtMs + 59_000;
      expect((await at.gateway.graphql(token, viewer)).status).toBe(200);
      at.gateway.clock.nowMs = issuedAtMs + 3_600_000;
      await expectUnauthenticated(
        await at.gateway.graphql(token, viewer),
        /expired at 2026-03-01T12:01:00\.000Z\. Get a new one/,
      );
    } finally {
      at.gateway.clock.nowMs = issuedAtMs;
    }
  });

  test('is refused when any part of it was changed', async () => {
    const [header, payload, signature] = at.owner.token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const other = Buffer.from(JSON.stringify({ ...claims, tenant: 'beta' })).toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    await expectUnauthenticated(
      await at.gateway.graphql(`${header}.${other}.${signature}`, viewer),
      /signature does not match/,
    );
    await expectUnauthenticated(
      await at.gateway.graphql(`${header}.${payload}.${'A'.repeat(43)}`, viewer),
      /signature does not match/,
    );
    await expectUnauthenticated(await at.gateway.graphql(`${none}.${payload}.`, viewer), /./);
  });

  test.each([
    ['garbage', 'Bearer garbage', /not a signed JWT: it has 1 part/],
    ['another scheme', 'Basic YWJjOmRlZg==', /does not hold one bearer token/],
    ['nothing', 'Bearer', /does not hold one bearer token/],
    ['two tokens', 'Bearer a.b.c, Bearer d.e.f', /does not hold one bearer token/],
  ])('is refused when it is %s', async (_, authorization, says) => {
    await expectUnauthenticated(await at.gateway.graphql(undefined, viewer, {}, { authorization }), says);
  });

  test('is refused without a tenant, or with one that is none, and never taken for "no tenant"', async () => {
    const elsewhere = { ...defaultClaimNames, tenant: 'organisation' };
    const missing = await at.gateway.tokenFor('alpha', ['documents:read'], { claims: elsewhere });
    await expectUnauthenticated(await at.gateway.graphql(missing, viewer), /claim "tenant" .* it is missing/);
    for (const tenantId of ['', "x'; drop table documents; --", 'al pha', 'x'.repeat(65), 'älpha']) {
      const token = await at.gateway.tokenFor('alpha', ['documents:read'], { tenantId: tenantId as never });
      await expectUnauthenticated(
        await at.gateway.graphql(token, '{ tenant { id documents } }'),
        /claim "tenant" does not name a tenant/,
      );
    }
  });

  test('is not demanded of the schema', async () => {
    expect((await at.gateway.graphql(undefined, '{ __typename __schema { queryType { name } } }')).data).toEqual({
      __typename: 'Query',
      __schema: { queryType: { name: 'Query' } },
    });
  });
});

describe('a token for searching alone', () => {
  const hit = (fields: string) =>
    `{ search(input: { text: "hot water" }, first: 1) { ... on SearchConnection { edges { chunk { text } passages { text } node { ${fields} } } } } }`;

  test('finds passages and the titles of their documents', async () => {
    const token = await at.gateway.tokenFor('alpha', ['search']);
    const answer = await at.gateway.graphql(token, hit('title collection externalId url metadata'));
    expect(answer).toMatchObject({
      status: 200,
      data: {
        search: { edges: [{ node: { title: 'No hot water' }, chunk: { text: expect.stringContaining('boiler') } }] },
      },
    });
  });

  test('reads no document whole', async () => {
    const [token, more] = await Promise.all([
      at.gateway.tokenFor('alpha', ['search']),
      at.gateway.tokenFor('alpha', ['search', 'documents:read']),
    ]);
    expectRefusal(await at.gateway.graphql(token, hit('title body')), {
      status: 403,
      code: 'FORBIDDEN',
      says: /scope "documents:read"; yours has "search"/,
    });
    expect((await at.gateway.graphql(more, hit('title body'))).status).toBe(200);
  });
});
