import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { Embedder } from '../../../src/embed/embedder.ts';
import { EmbedderError, type EmbedderFault } from '../../../src/embed/embedder-error.ts';
import { openEmbedder } from '../../../src/embed/open-embedder.ts';
import { innerProduct } from '../../../src/vector.ts';
import {
  type EmbeddingServer,
  hashedVector,
  type Misbehaviour,
  startEmbeddingServer,
} from '../../support/embedding-server.ts';
import type { DialectName } from '../../support/provider-dialects.ts';

const apiKey = 'sk-very-secret';
const text = 'the words of a patient';
const dimensions = 300;

/** A provider as the settings name it, and what its requests look like. */
interface Case {
  readonly kind: DialectName;
  readonly env?: Record<string, string>;
  readonly path: string;
  readonly key: Record<string, string>;
  /** Requests for a document and a query, with the texts left out. */
  readonly document: Record<string, unknown>;
  readonly query: Record<string, unknown>;
}

const bearer = { authorization: `Bearer ${apiKey}` };
const cases: Case[] = [
  {
    kind: 'openai',
    path: '/v1/embeddings',
    key: bearer,
    document: { model: 'test-model', input: [text], encoding_format: 'base64', dimensions },
    query: { model: 'test-model', input: [text], encoding_format: 'base64', dimensions },
  },
  {
    kind: 'azure',
    env: { EMBEDDING_AZURE_DEPLOYMENT: 'test-deployment', EMBEDDING_ENCODING: 'float' },
    path: '/openai/deployments/test-deployment/embeddings?api-version=2024-10-21',
    key: { 'api-key': apiKey },
    document: { input: [text], encoding_format: 'float', dimensions },
    query: { input: [text], encoding_format: 'float', dimensions },
  },
  {
    kind: 'ollama',
    env: { EMBEDDING_QUERY_PREFIX: 'query: ', EMBEDDING_DOCUMENT_PREFIX: 'passage: ', EMBEDDING_MATRYOSHKA: 'true' },
    path: '/api/embed',
    key: bearer,
    document: { model: 'test-model', input: [`passage: ${text}`], truncate: false, dimensions },
    query: { model: 'test-model', input: [`query: ${text}`], truncate: false, dimensions },
  },
  {
    kind: 'cohere',
    env: { EMBEDDING_MATRYOSHKA: 'true' },
    path: '/v2/embed',
    key: bearer,
    ...purposes({
      ...{ model: 'test-model', texts: [text], embedding_types: ['float'], truncate: 'NONE' },
      output_dimension: dimensions,
    }),
  },
  {
    kind: 'voyage',
    env: { EMBEDDING_MATRYOSHKA: 'true' },
    path: '/v1/embeddings',
    key: bearer,
    document: voyageBody('document'),
    query: voyageBody('query'),
  },
];

function purposes(body: Record<string, unknown>) {
  return { document: { ...body, input_type: 'search_document' }, query: { ...body, input_type: 'search_query' } };
}

function voyageBody(purpose: string) {
  const body = { model: 'test-model', input: [text], input_type: purpose, truncation: false };
  return { ...body, encoding_format: 'base64', output_dimension: dimensions };
}

type Failing = [title: string, misbehaviour: Misbehaviour, code: string, fault: EmbedderFault, says: RegExp];

const status = (code: number, headers?: Record<string, string>): Misbehaviour => ({
  kind: 'status',
  status: code,
  // Providers repeat what they were sent.
  body: JSON.stringify({ error: { message: `${text} ${apiKey}` } }),
  ...(headers && { headers }),
});

const failing: Failing[] = [
  ['429', status(429), 'EMBEDDER_UNAVAILABLE', 'passing', /status 429 \(its rate limit/],
  ['500', status(500), 'EMBEDDER_UNAVAILABLE', 'passing', /status 500\.$/],
  ['503', status(503), 'EMBEDDER_UNAVAILABLE', 'passing', /status 503\.$/],
  ['529', status(529), 'EMBEDDER_UNAVAILABLE', 'passing', /status 529\.$/],
  ['408', status(408), 'EMBEDDER_UNAVAILABLE', 'passing', /status 408/],
  ['400', status(400), 'EMBEDDER_REJECTED', 'item', /a text is too long for the model/],
  ['413', status(413), 'EMBEDDER_REJECTED', 'item', /lower the batch size/],
  ['422', status(422), 'EMBEDDER_REJECTED', 'item', /status 422/],
  ['401', status(401), 'EMBEDDER_REJECTED', 'configuration', /the API key is missing or wrong/],
  ['403', status(403), 'EMBEDDER_REJECTED', 'configuration', /may not use this model/],
  ['404', status(404), 'EMBEDDER_REJECTED', 'configuration', /the model is unknown there/],
  ['a redirect', status(307, { location: '/v2' }), 'EMBEDDER_REJECTED', 'configuration', /redirects, which is not/],
  ['silence', { kind: 'delay', delayMs: 5_000 }, 'EMBEDDER_TIMEOUT', 'passing', /did not answer within 150 ms/],
  ['a cut', { kind: 'cut', after: 'nothing' }, 'EMBEDDER_UNAVAILABLE', 'passing', /cannot be reached, or broke off/],
  [
    'half an answer',
    { kind: 'cut', after: 'half' },
    'EMBEDDER_UNAVAILABLE',
    'passing',
    /cannot be reached, or broke off/,
  ],
  ['a web page', { kind: 'invalidJson' }, 'EMBEDDER_REJECTED', 'configuration', /it is not JSON/],
  ['other JSON', { kind: 'otherShape' }, 'EMBEDDER_REJECTED', 'configuration', /does not have the shape/],
  ['an endless answer', { kind: 'endless' }, 'EMBEDDER_REJECTED', 'configuration', /has more than \d+ bytes/],
  ['a wrong dimension', { kind: 'wrongDimensions' }, 'EMBEDDER_REJECTED', 'configuration', /299 components.*have 300/],
  ['too few vectors', { kind: 'wrongCount' }, 'EMBEDDER_REJECTED', 'item', /1 vectors, and 2 texts/],
  ['NaN', { kind: 'notANumber' }, 'EMBEDDER_REJECTED', 'item', /component 7 is (NaN|null)/],
  ['zeros', { kind: 'zeros' }, 'EMBEDDER_REJECTED', 'item', /components are zero/],
];

describe.each(cases)('the provider $kind', ({ kind, env = {}, path, key, document, query }) => {
  let server: EmbeddingServer;
  let embedder: Embedder;
  const open = (more: Record<string, string> = {}) =>
    openEmbedder(
      loadConfig({
        EMBEDDER: kind,
        EMBEDDING_BASE_URL: server.baseUrl,
        EMBEDDING_API_KEY: apiKey,
        EMBEDDING_MODEL: 'test-model',
        EMBEDDING_DIMENSIONS: `${dimensions}`,
        EMBEDDING_RETRIES: '0',
        ...env,
        ...more,
      }).embedder,
    );
  beforeAll(async () => {
    server = await startEmbeddingServer({ dialect: kind });
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    server.behave();
    server.requests.length = 0;
    embedder = await open();
  });

  test('is sent the model, the texts, their purpose and the key', async () => {
    await embedder.embed([text], { purpose: 'document' });
    await embedder.embed([text], { purpose: 'query' });
    expect(server.requests.map((request) => request.path)).toEqual([path, path]);
    expect(server.requests.map(({ body }) => body)).toEqual([document, query]);
    for (const { headers } of server.requests) expect(headers).toMatchObject(key);
  });

  test('gives unit vectors in the order of the texts, and null for white space', async () => {
    const prefix = env.EMBEDDING_QUERY_PREFIX ?? '';
    const texts = ['one', ' \n', 'two', 'three'];
    const vectors = await embedder.embed(texts, { purpose: 'query' });
    for (const [i, vector] of vectors.entries()) {
      if (i === 1) expect(vector).toBeNull();
      else expect(innerProduct(vector!, hashedVector(prefix + texts[i]!, dimensions))).toBeCloseTo(1, 5);
    }
  });

  test('is not asked for a length where the model has one only', async () => {
    const plain = await open({ EMBEDDING_MATRYOSHKA: 'false', EMBEDDING_DIMENSIONS: '1536' });
    const [vector] = await plain.embed([text], { purpose: 'document' });
    expect(vector).toHaveLength(1536);
    expect(Object.keys(server.requests[0]!.body).filter((name) => name.includes('dimension'))).toEqual([]);
  });

  test('has its tokens counted by purpose, failures apart', async () => {
    await embedder.embed(['one', 'two'], { purpose: 'document' });
    server.misbehave({ kind: 'status', status: 500 });
    await embedder.embed(['three'], { purpose: 'query' }).catch(() => {});
    expect(embedder.usage?.()).toEqual({
      document: { requests: 1, texts: 2, tokens: 2, failures: 0 },
      query: { requests: 1, texts: 1, tokens: 0, failures: 1 },
    });
  });

  test.each(failing)(
    'that answers with %s is reported without the key or the texts',
    async (_, fails, code, fault, says) => {
      // The others must not depend on how busy the machine is.
      const one = fails.kind === 'delay' ? await open({ EMBEDDING_TIMEOUT_MS: '150' }) : embedder;
      server.misbehave(fails);
      const error = await one.embed([text, text], { purpose: 'document' }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EmbedderError);
      expect(error).toMatchObject({ code, fault, message: expect.stringMatching(says) });
      const { stack, cause } = error as EmbedderError;
      expect(`${stack} ${String(cause)} ${JSON.stringify(error)}`).not.toMatch(/secret|patient/);
      expect(server.requests).toHaveLength(1);
    },
  );

  test.each([
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['milliseconds', { 'retry-after-ms': '1500', 'retry-after': '2' }, 1_500],
    ['a date', { 'retry-after': new Date(Date.now() + 600_000).toUTCString() }, 600_000],
  ])('that names a time to wait in %s is understood', async (_, headers, expectedMs) => {
    server.misbehave(status(429, headers));
    const error = await embedder.embed([text], { purpose: 'document' }).catch((reason: unknown) => reason);
    const { retryAfterMs } = error as EmbedderError;
    expect(retryAfterMs).toBeGreaterThan(0.9 * expectedMs);
    expect(retryAfterMs).toBeLessThanOrEqual(expectedMs);
  });

  test('is asked again after a failure that passes, and not after one that does not', async () => {
    const patient = await open({ EMBEDDING_RETRIES: '2' });
    server.misbehave(status(503), 2);
    expect(await patient.embed([text], { purpose: 'document' })).toHaveLength(1);
    expect(server.requests).toHaveLength(3);
    server.misbehave(status(422), 1);
    await expect(patient.embed([text], { purpose: 'document' })).rejects.toThrow('422');
    expect(server.requests).toHaveLength(4);
  });

  test('that is down is left alone after five failures in a row', async () => {
    server.misbehave(status(500));
    for (let call = 0; call < 5; call++) await embedder.embed([text], { purpose: 'query' }).catch(() => {});
    const error = await embedder.embed([text], { purpose: 'query' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'EMBEDDER_UNAVAILABLE', fault: 'passing' });
    expect((error as Error).message).toMatch(/failed 5 times in a row, and is asked again in [1-5] s/);
    expect(server.requests).toHaveLength(5);
  });
});
