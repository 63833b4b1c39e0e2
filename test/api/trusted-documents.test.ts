import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTrustedDocuments } from '../../src/http/trusted-documents.ts';
import { cleanUp, newFolder } from '../cli/program.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';

const trusted = 'query Who { viewer { tenantId } }';
const hash = createHash('sha256').update(trusted).digest('hex');
const other = '{ viewer { subject } }';

async function writeManifest(manifest: unknown): Promise<string> {
  const path = join(await newFolder(), 'manifest.json');
  await writeFile(path, typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  return path;
}

afterAll(cleanUp);

describe.each([
  ['of GraphQL Code Generator', { [hash]: trusted }],
  ['of Relay, with the name of the algorithm', { [`sha256:${hash}`]: trusted }],
  [
    'of Apollo',
    {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: hash, name: 'Who', type: 'query', body: trusted }],
    },
  ],
])('with the manifest %s, and no other documents', (_, manifest) => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await openTestGateway({
      trustedDocuments: await readTrustedDocuments(await writeManifest(manifest), true),
    });
    token = await gateway.tokenFor('alpha');
  });
  afterAll(() => gateway.close());

  const post = (body: object) =>
    gateway.send('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
  const get = (search: string) =>
    gateway.send(`/graphql?${search}`, { method: 'GET', headers: { authorization: `Bearer ${token}` } });
  const data = { viewer: { tenantId: 'alpha' } };

  test('a document runs by its id, however the client sends that', async () => {
    expect((await post({ documentId: hash })).data).toEqual(data);
    expect((await post({ documentId: hash, operationName: 'Who', variables: {} })).data).toEqual(data);
    expect((await post({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } })).data).toEqual(data);
    expect((await get(`documentId=${hash}`)).data).toEqual(data);
    const extensions = encodeURIComponent(JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hash } }));
    expect((await get(`extensions=${extensions}`)).data).toEqual(data);
  });

  test('its whole text runs too', async () => {
    expect((await post({ query: trusted })).data).toEqual(data);
  });

  test('any other text is refused, under whatever id it comes', async () => {
    const refusal = { status: 403, code: 'UNTRUSTED_DOCUMENT', says: /Only documents of the manifest run here/ };
    const variants = [other, `${trusted} `, trusted.replace('tenantId', 'subject'), '{ __schema { types { name } } }'];
    for (const query of variants) {
      expectRefusal(await post({ query }), refusal);
      expectRefusal(await post({ query, documentId: hash }), refusal);
      const sha256Hash = createHash('sha256').update(query).digest('hex');
      expectRefusal(await post({ query, extensions: { persistedQuery: { version: 1, sha256Hash } } }), refusal);
      expectRefusal(await get(`query=${encodeURIComponent(query)}`), refusal);
      // Nothing was kept of it.
      const missing = { status: 400, code: 'PERSISTED_QUERY_NOT_FOUND', says: /is not among those of the manifest/ };
      expectRefusal(await post({ documentId: sha256Hash }), missing);
    }
  });

  test('an id that is none is refused', async () => {
    for (const documentId of ['', 'x', '__proto__', 'constructor', 7, {}, ['a']]) {
      expectRefusal(await post({ documentId }), {
        status: 400,
        code: 'PERSISTED_QUERY_NOT_FOUND',
        says: /The document/,
      });
    }
  });

  test('a request without either has no query', async () => {
    expectRefusal(await post({ variables: {} }), { status: 400, code: 'BAD_REQUEST', says: /no query/ });
  });
});

describe('where other documents run too', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    const path = await writeManifest({ [hash]: trusted });
    gateway = await openTestGateway({ trustedDocuments: await readTrustedDocuments(path, false) });
  });
  afterAll(() => gateway.close());

  test('a text runs that is not in the manifest', async () => {
    expect((await gateway.graphql(await gateway.tokenFor('alpha'), other)).data).toEqual({
      viewer: { subject: 'somebody' },
    });
  });
});

describe('without a manifest', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await openTestGateway();
  });
  afterAll(() => gateway.close());

  test('automatic persisted queries are refused in the words that make clients send the text', async () => {
    const token = await gateway.tokenFor('alpha');
    const send = (body: object) =>
      gateway.send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash } };
    const refusal = { status: 400, code: 'PERSISTED_QUERY_NOT_SUPPORTED', says: /send the text/ };
    expectRefusal(await send({ extensions }), refusal);
    expectRefusal(await send({ documentId: hash }), refusal);
    expect((await send({ extensions, query: trusted })).data).toEqual({ viewer: { tenantId: 'alpha' } });
    expectRefusal(await send({ extensions }), refusal);
  });
});

describe('a manifest that cannot be used', () => {
  test.each([
    ['is not JSON', '{', /it is not JSON/],
    ['is a list', [], /expected \{"<id>"/],
    ['has an id without a text', { a: 1 }, /expected \{"<id>"/],
    ['has a text that is not GraphQL', { a: '{ viewer' }, /the document "a" is not GraphQL/],
  ])('stops the start when it %s', async (_, manifest, says) => {
    const path = await writeManifest(manifest);
    await expect(readTrustedDocuments(path, true)).rejects.toMatchObject({
      message: expect.stringMatching(says),
      exitCode: 78,
    });
  });

  test('stops the start when it is not there', async () => {
    await expect(readTrustedDocuments('/nonexistent/manifest.json', true)).rejects.toThrow(/TRUSTED_DOCUMENTS_FILE/);
  });
});
