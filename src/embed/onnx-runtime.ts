import { unusableSettings } from './unusable-settings.ts';

/** As much of `@huggingface/transformers` as is used here. */
export interface OnnxRuntime {
  readonly env: { allowRemoteModels: boolean; localModelPath: string; cacheDir: string | null };
  pipeline(
    task: 'feature-extraction',
    model: string,
    options: { readonly dtype: string; readonly local_files_only: boolean },
  ): Promise<FeatureExtractor>;
}

/** Turns texts into one vector each: `data` holds `dims[0]` rows of `dims[1]` components. */
export interface FeatureExtractor {
  (
    texts: string[],
    options: { readonly pooling: 'mean' | 'cls'; readonly normalize: false },
  ): Promise<{ readonly dims: readonly number[]; readonly data: ArrayLike<number> }>;
  readonly tokenizer: { encode(text: string): ArrayLike<number> };
}

export type LoadOnnxRuntime = () => Promise<OnnxRuntime>;

// In a variable, because the package is not among those that are installed, and the compiler would look for it.
const packageName = '@huggingface/transformers';

/**
 * Loads the optional package that runs models in this process.
 * @throws {StartupError} that says how to install it, exit code 78.
 */
export const loadOnnxRuntime: LoadOnnxRuntime = async () => {
  try {
    return await import(packageName);
  } catch (cause) {
    const reason =
      (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND' ? 'is not installed' : 'cannot be loaded';
    throw unusableSettings(
      `EMBEDDER=local needs the package ${packageName}, which ${reason}; install it with "npm install --no-save --save-prod --ignore-scripts ${packageName}" or choose another EMBEDDER (docs/embedders.md)`,
      { cause },
    );
  }
};
