import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createCircuitBreaker } from '../../../src/embed/circuit-breaker.ts';
import { EmbedderError } from '../../../src/embed/embedder-error.ts';
import { createOpenAiEmbedder, type OpenAiEmbedderOptions } from '../../../src/embed/openai-embedder.ts';
import { StartupError } from '../../../src/errors.ts';
import { innerProduct } from '../../../src/vector.ts';
import { hashedVector, startEmbeddingServer } from '../../support/embedding-server.ts';

const server = await startEmbeddingServer();
const apiKey = 'sk-very-secret';
const text = 'the words of a patient';

function createEmbedder(options: Partial<OpenAiEmbedderOptions> = {}) {
  const defaults = {
    baseUrl: server.baseUrl,
    apiKey,
    model: 'test-model',
    dimensions: 300,
    timeoutMs: 5000,
    maxBatch: 3,
  };
  return createOpenAiEmbedder({ ...defaults, ...options });
}

async function failure(promise: Promise<unknown>): Promise<EmbedderError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EmbedderError);
  return error as EmbedderError;
}

beforeEach(() => {
  server.behave();
  server.requests.length = 0;
});
afterAll(() => server.close());

describe('createOpenAiEmbedder', () => {
  it('sends the model, the texts, the dimensions and the key', async () => {
    await createEmbedder().embed([text], { purpose: 'document' });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      path: '/v1/embeddings',
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect(server.requests[0]?.body).toEqual({
      model: 'test-model',
      input: [text],
      encoding_format: 'base64',
      dimensions: 300,
    });
  });

  it('leaves the dimensions and the key out where they are not wanted', async () => {
    const embedder = createEmbedder({ requestDimensions: false, apiKey: undefined, dimensions: 1536 });
    await embedder.embed([text], { purpose: 'document' });
    expect(server.requests[0]?.body).not.toHaveProperty('dimensions');
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('keeps a path and a query of the base URL', async () => {
    const embedder = createEmbedder({ baseUrl: `${server.baseUrl}/?api-version=2` });
    await embedder.embed([text], { purpose: 'document' });
    expect(server.requests[0]?.path).toBe('/v1/embeddings?api-version=2');
  });

  it.each(['base64', 'float'] as const)(
    'gives unit vectors in the order of the texts from %s answers',
    async (encoding) => {
      await using other = await startEmbeddingServer({ encoding });
      const texts = ['one', 'two', 'three'];
      const vectors = await createEmbedder({ baseUrl: other.baseUrl }).embed(texts, { purpose: 'document' });
      for (const [i, vector] of vectors.entries()) {
        expect(vector).toHaveLength(300);
        expect(innerProduct(vector!, hashedVector(texts[i]!, 300))).toBeCloseTo(1, 5);
      }
    },
  );

  it('splits texts into requests within the batch and token limits', async () => {
    const texts = ['a', 'b', 'c', 'd'.repeat(200), 'e'.repeat(200), 'f'];
    const vectors = await createEmbedder({ maxRequestTokens: 60 }).embed(texts, { purpose: 'document' });
    expect(server.requests.map(({ body }) => body.input.map((input) => input[0]).join(''))).toEqual(['abc', 'd', 'ef']);
    expect(vectors).toEqual(await Promise.all(texts.map(async (one) => (await embedAlone(one))[0])));
  });

  it('gives null for white space without asking the provider', async () => {
    const embedder = createEmbedder();
    expect(await embedder.embed(['', ' \n\t'], { purpose: 'query' })).toEqual([null, null]);
    expect(server.requests).toHaveLength(0);

    const [blank, vector] = await embedder.embed([' ', text], { purpose: 'query' });
    expect(blank).toBeNull();
    expect(vector).toHaveLength(300);
    expect(server.requests[0]?.body.input).toEqual([text]);
  });

  it('replaces half a surrogate pair, which has no UTF-8 form', async () => {
    await createEmbedder().embed(['a\ud83d'], { purpose: 'query' });
    expect(server.requests[0]?.body.input).toEqual(['a\ufffd']);
  });

  it('describes the model', () => {
    expect(createEmbedder()).toMatchObject({
      model: { name: 'test-model', dimensions: 300 },
      fusionWeights: { keyword: 1, semantic: 1 },
      maxTokens: 8191,
      maxBatch: 3,
    });
  });
});

function embedAlone(one: string): Promise<(Float32Array | null)[]> {
  return createEmbedder().embed([one], { purpose: 'document' });
}

describe('a provider that fails', () => {
  // test/unit/embed/providers.test.ts has the failures that every provider knows.
  it('with a repeated index is rejected', async () => {
    server.misbehave({ kind: 'sameIndex' });
    const error = await failure(createEmbedder().embed([text, text], { purpose: 'document' }));
    expect(error.code).toBe('EMBEDDER_REJECTED');
    expect(error.message).toMatch(/index 0 is out of range or comes twice/);
  });

  it('with null among JSON numbers is rejected', async () => {
    server.misbehave({ kind: 'notANumber' });
    const error = await failure(createEmbedder({ encodingFormat: 'float' }).embed([text], { purpose: 'document' }));
    expect(error.code).toBe('EMBEDDER_REJECTED');
    expect(error.message).toMatch(/component 7 is null/);
  });

  it('with silence times out', async () => {
    server.misbehave({ kind: 'delay', delayMs: 5000 });
    const error = await failure(createEmbedder({ timeoutMs: 50 }).embed([text], { purpose: 'document' }));
    expect(error.code).toBe('EMBEDDER_TIMEOUT');
    expect(error.message).toBe('The embedding provider did not answer within 50 ms.');
  });

  it('that nothing listens for is unavailable', async () => {
    const closed = await startEmbeddingServer();
    await closed.close();
    const error = await failure(createEmbedder({ baseUrl: closed.baseUrl }).embed([text], { purpose: 'document' }));
    expect(error.code).toBe('EMBEDDER_UNAVAILABLE');
  });

  it('is asked again by the next call, and answers once it has recovered', async () => {
    server.misbehave({ kind: 'status', status: 503 }, 1);
    const embedder = createEmbedder();
    await failure(embedder.embed([text], { purpose: 'document' }));
    expect(await embedder.embed([text], { purpose: 'document' })).toHaveLength(1);
  });
});

describe("the caller's signal", () => {
  it('ends the call early with its reason', async () => {
    server.misbehave({ kind: 'delay', delayMs: 5000 });
    const controller = new AbortController();
    const embedding = createEmbedder().embed([text], { purpose: 'query', signal: controller.signal });
    const reason = new Error('the client went away');
    setTimeout(() => controller.abort(reason), 20);
    await expect(embedding).rejects.toBe(reason);
  });

  it('prevents the call when it is aborted already', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(createEmbedder().embed([text], { purpose: 'query', signal })).rejects.toThrow('too late');
    expect(server.requests).toHaveLength(0);
  });
});

describe('texts of which one is suspected of making the provider fail', () => {
  const retry = { retries: 2, patienceMs: 60_000 };
  const suspects = { purpose: 'document', isSuspect: true } as const;

  it('are repeated only where they are one, and do not open the circuit', async () => {
    const changes: number[] = [];
    const breaker = createCircuitBreaker({
      failures: 2,
      pauseMs: 1,
      longestPauseMs: 1,
      onChange: (openMs) => changes.push(openMs),
    });
    const embedder = createEmbedder({ retry: { query: retry, document: retry }, breaker });
    server.misbehave({ kind: 'status', status: 500 });
    await failure(embedder.embed(['one', 'two'], suspects));
    expect(server.requests).toHaveLength(1);
    await failure(embedder.embed(['one'], suspects));
    expect(server.requests).toHaveLength(4);
    expect(changes).toEqual([]);
    await failure(embedder.embed(['one', 'two'], { purpose: 'document' }));
    expect(changes[0]).toBeGreaterThan(0);
  });
});

describe('options that cannot work', () => {
  it.each([
    [{ dimensions: 255 }, /"test-model" has 255 dimensions, and a model needs at least 256/],
    [{ dimensions: 300.5 }, /has 300.5 dimensions/],
    [{ timeoutMs: 0 }, /timeoutMs is 0, and must be a whole number above zero/],
    [{ maxBatch: -1 }, /maxBatch is -1/],
    [{ model: '' }, /the model has no name/],
    [{ apiKey: 'sk-very-secret\n' }, /the API key is empty or has a space, a line end/],
    [{ baseUrl: 'api.openai.com' }, /the base URL is not an address such as/],
    [{ baseUrl: 'ftp://example.com' }, /begins with "ftp:"/],
    [{ baseUrl: 'https://user:sk-very-secret@example.com' }, /holds a user name or password/],
  ])('%o are refused', (options, message) => {
    expect(() => createEmbedder(options)).toThrow(StartupError);
    expect(() => createEmbedder(options)).toThrow(message);
    expect(() => createEmbedder(options)).not.toThrow(/secret/);
  });
});
