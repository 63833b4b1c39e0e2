import { describe, expect, test } from 'vitest';
import { type OnnxEmbedderOptions, openOnnxEmbedder } from '../../../src/embed/onnx-embedder.ts';
import { loadOnnxRuntime, type OnnxRuntime } from '../../../src/embed/onnx-runtime.ts';
import { innerProduct, normaliseVector } from '../../../src/vector.ts';
import { hashedVector } from '../../support/embedding-server.ts';

const options: OnnxEmbedderOptions = {
  model: 'maker/some-model',
  dimensions: 256,
  matryoshka: true,
  pooling: 'mean',
  layerNorm: false,
  prefixes: { query: 'search_query: ', document: 'search_document: ' },
  maxTokens: 10,
  maxBatch: 2,
  dtype: 'fp32',
  modelDir: '/models',
  download: false,
};

/** A runtime whose model gives every text its hashed vector of `width` components, each with an offset. */
function createRuntime({ width = 384, offset = 0, spoil = (data: Float32Array) => data } = {}) {
  const env = { allowRemoteModels: true, localModelPath: '', cacheDir: null };
  const opened: unknown[] = [];
  const calls: { texts: string[]; options: unknown }[] = [];
  const runtime: OnnxRuntime = {
    env,
    async pipeline(...args) {
      opened.push(args);
      const extract = async (texts: string[], asked: unknown) => {
        calls.push({ texts, options: asked });
        const data = Float32Array.from(
          texts.flatMap((text) => [...hashedVector(text, width)].map((one) => one + offset)),
        );
        return { dims: [texts.length, width], data: spoil(data) };
      };
      return Object.assign(extract, { tokenizer: { encode: (text: string) => text.split(/\s+/).map((_, i) => i) } });
    },
  };
  return { env, opened, calls, load: async () => runtime };
}

describe('openOnnxEmbedder', () => {
  test('says how to get the package where it is not installed', async () => {
    await expect(openOnnxEmbedder(options, loadOnnxRuntime)).rejects.toMatchObject({
      exitCode: 78,
      // Vite puts a module that throws in the place of an optional peer; test/cli/embedder.test.ts has what Node makes of it.
      message: expect.stringMatching(
        /EMBEDDER=local needs the package @huggingface\/transformers, which (is not installed|cannot be loaded); install it with "npm install/,
      ),
    });
  });

  test('opens the model in its folder and fetches nothing, unless it may', async () => {
    const { env, opened, load } = createRuntime();
    await openOnnxEmbedder(options, load);
    expect(env).toEqual({ allowRemoteModels: false, localModelPath: '/models', cacheDir: '/models' });
    expect(opened).toEqual([['feature-extraction', 'maker/some-model', { dtype: 'fp32', local_files_only: true }]]);
    await openOnnxEmbedder({ ...options, download: true }, load);
    expect(env.allowRemoteModels).toBe(true);
  });

  test('says where it looked for a model that is not there', async () => {
    const { load } = createRuntime();
    const without = async (): Promise<OnnxRuntime> => ({
      ...(await load()),
      pipeline: () => Promise.reject(new Error('file not found')),
    });
    await expect(openOnnxEmbedder(options, without)).rejects.toThrow(
      /the model "maker\/some-model" cannot be opened in "\/models", and EMBEDDING_MODEL_DOWNLOAD/,
    );
  });

  test('embeds texts with the prefix of their purpose, in batches, and null for white space', async () => {
    const { calls, load } = createRuntime();
    const embedder = await openOnnxEmbedder(options, load);
    const vectors = await embedder.embed(['one', ' ', 'two', 'three'], { purpose: 'query' });
    expect(calls.map(({ texts }) => texts)).toEqual([
      ['search_query: one', 'search_query: two'],
      ['search_query: three'],
    ]);
    expect(calls[0]?.options).toEqual({ pooling: 'mean', normalize: false });
    expect(vectors[1]).toBeNull();
    // A Matryoshka model's vector is shortened to the configured length.
    const expected = normaliseVector(hashedVector('search_query: two', 384).subarray(0, 256));
    expect(innerProduct(vectors[2]!, expected)).toBeCloseTo(1, 5);
    await embedder.embed(['one'], { purpose: 'document' });
    expect(calls.at(-1)?.texts).toEqual(['search_document: one']);
    expect(embedder.usage?.().query).toEqual({ requests: 2, texts: 3, tokens: 6, failures: 0 });
  });

  test('centres and scales vectors before they are shortened, where the model wants it', async () => {
    const shifted = await openOnnxEmbedder({ ...options, layerNorm: true }, createRuntime({ offset: 5 }).load);
    const plain = await openOnnxEmbedder({ ...options, layerNorm: true }, createRuntime().load);
    const [a] = await shifted.embed(['hot water'], { purpose: 'query' });
    const [b] = await plain.embed(['hot water'], { purpose: 'query' });
    expect(innerProduct(a!, b!)).toBeCloseTo(1, 4);
  });

  test('counts tokens as the model does, and refuses a text with too many', async () => {
    const { calls, load } = createRuntime();
    const embedder = await openOnnxEmbedder(options, load);
    expect(embedder.countTokens('one two three')).toBe(3);
    const long = Array.from({ length: 12 }, () => 'word').join(' ');
    await expect(embedder.embed(['short', long], { purpose: 'document' })).rejects.toMatchObject({
      fault: 'item',
      message: 'A text has 13 tokens, and maker/some-model reads at most 10.',
    });
    expect(calls).toEqual([]);
  });

  test.each([
    ['a wrong dimension', { dimensions: 512 }, {}, 'configuration', /vectors of 384 components, .* is 512/],
    [
      'a length that is not its own',
      { matryoshka: false },
      {},
      'configuration',
      /vectors of 384 components, .* is 256/,
    ],
    ['NaN', {}, { spoil: (data: Float32Array) => data.fill(Number.NaN) }, 'item', /component 0 is NaN/],
    ['too few rows', {}, { spoil: (data: Float32Array) => data.subarray(1) }, 'item', /gave 1 vectors/],
  ])('refuses %s', async (_, change, runtime, fault, says) => {
    const embedder = await openOnnxEmbedder({ ...options, ...change }, createRuntime(runtime).load);
    await expect(embedder.embed(['one'], { purpose: 'query' })).rejects.toMatchObject({
      fault,
      message: expect.stringMatching(says),
    });
  });
});
