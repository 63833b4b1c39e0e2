import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { type GatewayProcess, startGateway } from './gateway-process.ts';
import { cleanUp, run } from './program.ts';

const key = 'a-key-that-nobody-reads';
let provider: EmbeddingServer;
let settings: Record<string, string>;

beforeAll(async () => {
  provider = await startEmbeddingServer({ dialect: 'cohere' });
  settings = {
    EMBEDDER: 'cohere',
    EMBEDDING_BASE_URL: provider.baseUrl,
    EMBEDDING_API_KEY: key,
    EMBEDDING_MODEL: 'embed-v4.0',
    EMBEDDING_DIMENSIONS: '512',
  };
});
afterAll(async () => {
  await cleanUp();
  await provider.close();
});

interface Answer {
  readonly search: { readonly __typename: string; readonly code?: string; readonly message?: string };
}

describe('a gateway and worker with a provider', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway({ ...settings, EMBEDDING_TENANT_TOKENS_PER_MINUTE: '40', LOG_LEVEL: 'debug' });
  });
  afterAll(() => gateway?.close());

  const search = (tenant: string, text: string) =>
    gateway.askAs<Answer>(
      tenant,
      `{ search(input: { text: "${text}", mode: SEMANTIC }) { __typename ... on Error { code message } } }`,
    );

  test('embed queries and documents as what they are, within the budget of each tenant', async () => {
    await gateway.askAs(
      'alpha',
      'mutation { upsertDocuments(input: [{ collection: "c", title: "Hot water", body: "The boiler is off." }]) { __typename } }',
    );
    expect((await search('alpha', 'hot water')).search.__typename).toBe('SearchConnection');
    await expect
      .poll(() => provider.requests.map(({ body }) => body))
      .toContainEqual(
        expect.objectContaining({ input_type: 'search_document', texts: ['Hot water\nThe boiler is off.'] }),
      );
    expect(provider.requests.map(({ body }) => body)).toContainEqual(
      expect.objectContaining({ input_type: 'search_query', texts: ['hot water'], output_dimension: 512 }),
    );
    const long = 'where is the hot water '.repeat(6);
    await search('alpha', long);
    const { search: spent } = await search('alpha', `${long} please`);
    expect(spent).toMatchObject({ __typename: 'EmbedderError', code: 'EMBEDDER_UNAVAILABLE' });
    expect(spent.message).toMatch(/budget of embedding tokens is used up/);
    expect((await search('beta', 'hot water')).search.__typename).toBe('SearchConnection');
  });

  test('log each request and in the end the sums, and never the key', async () => {
    await gateway.program.kill('SIGTERM');
    const { stderr } = gateway.program;
    // A terminal's form with the embedded database, JSON with a server.
    const request = stderr.split('\n').filter((line) => line.includes('asked the embedding provider'));
    expect(request.join('\n')).toMatch(/purpose"?[:=]"?query\b.*texts"?[:=]1\b.*tokens"?[:=]1\b/);
    const usage = stderr.split('\n').find((line) => line.includes('embedding usage'));
    expect(usage).toMatch(/model"?[:=]"?embed-v4\.0\b/);
    expect(usage).toMatch(/documents"?[:=]\{"requests":1,"texts":1,"tokens":1,"failures":0\}/);
    expect(stderr).not.toContain(key);
    expect(provider.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
  });
});

test('chunks that are larger than the model reads are refused at the start', async () => {
  const env = { ...settings, EMBEDDING_MODEL: 'embed-english-v3.0', EMBEDDING_DIMENSIONS: '1024', CHUNK_TOKENS: '600' };
  const { status, stderr } = await run(['serve'], env);
  expect(status).toBe(78);
  expect(stderr).toMatch(/CHUNK_TOKENS is 600, and embed-english-v3\.0 reads at most 512 tokens/);
});

test('a local model without its package is refused with how to get it', async () => {
  const env = { EMBEDDER: 'local', EMBEDDING_MODEL: 'some/model', EMBEDDING_DIMENSIONS: '768' };
  const { status, stderr } = await run(['serve'], env);
  expect(status).toBe(78);
  expect(stderr).toMatch(/needs the package @huggingface\/transformers, which is not installed; install it with "npm/);
  expect(stderr.trim()).not.toContain('\n');
});
