import { checkDimensions, InvalidVectorError, normaliseVector } from '../vector.ts';
import type { Embedder, EmbedPurpose } from './embedder.ts';
import { EmbedderError } from './embedder-error.ts';
import type { Pooling } from './known-models.ts';
import { layerNormalise } from './layer-norm.ts';
import { longestPrefix } from './longest-prefix.ts';
import { type FeatureExtractor, type LoadOnnxRuntime, loadOnnxRuntime } from './onnx-runtime.ts';
import { unusableSettings } from './unusable-settings.ts';
import { createUsageCounter } from './usage.ts';

export interface OnnxEmbedderOptions {
  /** Such as `nomic-ai/nomic-embed-text-v1.5`: a folder below `modelDir`, and the name on the Hugging Face hub. */
  readonly model: string;
  /** The model's own or, for a Matryoshka model, fewer. */
  readonly dimensions: number;
  readonly matryoshka: boolean;
  readonly pooling: Pooling;
  readonly layerNorm: boolean;
  readonly prefixes: Readonly<Record<EmbedPurpose, string>>;
  readonly maxTokens: number;
  readonly maxBatch: number;
  /** Precision of the model's weights, such as `fp32` or `q8`. */
  readonly dtype: string;
  /** Folder of models. */
  readonly modelDir: string;
  /** Whether a model that is not in the folder may be fetched from the hub, into the folder. */
  readonly download: boolean;
}

/**
 * An embedder that runs an ONNX model in this process, through `@huggingface/transformers`. Tokens are the model's own. A
 * text that is too long is refused, not shortened.
 * @throws {StartupError} when the package or the model is not there.
 */
export async function openOnnxEmbedder(
  options: OnnxEmbedderOptions,
  load: LoadOnnxRuntime = loadOnnxRuntime,
): Promise<Embedder> {
  const { model, dimensions, prefixes, maxTokens, maxBatch, pooling } = options;
  const extract = await openModel(options, load);
  const countTokens = (text: string) => extract.tokenizer.encode(text).length;
  const usage = createUsageCounter();

  async function embedBatch(texts: string[], purpose: EmbedPurpose): Promise<Float32Array[]> {
    const startedMs = performance.now();
    let counted = 0;
    let failure: string | undefined = 'no vectors';
    try {
      const tokens = texts.map(countTokens);
      const tooLong = tokens.find((count) => count > maxTokens);
      if (tooLong !== undefined) {
        const message = `A text has ${tooLong} tokens, and ${model} reads at most ${maxTokens}.`;
        throw new EmbedderError('EMBEDDER_REJECTED', message);
      }
      const { dims, data } = await run(texts);
      const [rows = 0, width = 0] = dims;
      const vectors = readRows(data, { rows, width, expected: texts.length }, options);
      counted = tokens.reduce((sum, count) => sum + count, 0);
      failure = undefined;
      return vectors;
    } finally {
      const durationMs = performance.now() - startedMs;
      usage.count({ purpose, texts: texts.length, tokens: counted, durationMs, failure });
    }
  }

  async function run(texts: string[]) {
    try {
      return await extract(texts, { pooling, normalize: false });
    } catch (cause) {
      throw new EmbedderError('EMBEDDER_UNAVAILABLE', `The model ${model} failed in this process.`, { cause });
    }
  }

  return {
    model: { name: model, dimensions },
    fusionWeights: { keyword: 1, semantic: 1 },
    maxTokens: maxTokens - longestPrefix(prefixes, countTokens),
    maxBatch,
    usage: usage.read,
    countTokens,
    async embed(texts, { purpose, signal }) {
      const vectors = new Array<Float32Array | null>(texts.length).fill(null);
      const sent = texts.flatMap((text, position) =>
        text.trim() === '' ? [] : [{ position, text: text.trimStart() }],
      );
      for (let start = 0; start < sent.length; start += maxBatch) {
        signal?.throwIfAborted();
        const batch = sent.slice(start, start + maxBatch);
        const answers = await embedBatch(
          batch.map(({ text }) => prefixes[purpose] + text.toWellFormed()),
          purpose,
        );
        for (const [i, { position }] of batch.entries()) vectors[position] = answers[i] ?? null;
      }
      return vectors;
    },
  };
}

async function openModel(
  { model, modelDir, download, dtype }: OnnxEmbedderOptions,
  load: LoadOnnxRuntime,
): Promise<FeatureExtractor> {
  const { env, pipeline } = await load();
  env.allowRemoteModels = download;
  env.localModelPath = modelDir;
  env.cacheDir = modelDir;
  try {
    return await pipeline('feature-extraction', model, { dtype, local_files_only: !download });
  } catch (cause) {
    const missing = download ? 'nor fetched' : 'and EMBEDDING_MODEL_DOWNLOAD does not allow to fetch it';
    throw unusableSettings(
      `the model ${JSON.stringify(model)} cannot be opened in ${JSON.stringify(modelDir)}, ${missing}`,
      { cause },
    );
  }
}

function readRows(
  data: ArrayLike<number>,
  { rows, width, expected }: { rows: number; width: number; expected: number },
  { model, dimensions, matryoshka, layerNorm }: OnnxEmbedderOptions,
): Float32Array[] {
  if (rows !== expected || data.length !== rows * width) {
    throw new EmbedderError('EMBEDDER_REJECTED', `The model ${model} gave ${rows} vectors for ${expected} texts.`);
  }
  return Array.from({ length: rows }, (_, row) => {
    const own = Float32Array.from({ length: width }, (_, i) => data[row * width + i] as number);
    try {
      checkDimensions(matryoshka ? own.subarray(0, dimensions) : own, dimensions);
    } catch (cause) {
      const message = `The model ${model} gives vectors of ${width} components, and EMBEDDING_DIMENSIONS is ${dimensions}.`;
      throw new EmbedderError('EMBEDDER_REJECTED', message, { cause, fault: 'configuration' });
    }
    try {
      return normaliseVector((layerNorm ? layerNormalise(own) : own).subarray(0, dimensions));
    } catch (cause) {
      if (!(cause instanceof InvalidVectorError)) throw cause;
      throw new EmbedderError('EMBEDDER_REJECTED', `The model ${model} gave no vector: ${cause.message}`, { cause });
    }
  });
}
