import { z } from 'zod';
import type { Provider, ProviderModel } from './provider.ts';
import { endpointUrl, keyHeader } from './provider-address.ts';
import { readShape } from './provider-answer.ts';

export interface OllamaAddress {
  /** Such as `http://localhost:11434`. */
  readonly baseUrl: string;
  /** Ollama itself needs none; a proxy in front of it may. */
  readonly apiKey: string | undefined;
}

const schema = z.object({
  embeddings: z.array(z.unknown()),
  prompt_eval_count: z.number().optional().catch(undefined),
});

/**
 * Ollama's own `/api/embed`. Unlike its OpenAI-compatible address it can be told to refuse a text that is too long instead
 * of embedding only the beginning of it.
 * @throws {StartupError} when the address or the key cannot be one.
 */
export function ollamaProvider({ baseUrl, apiKey }: OllamaAddress, model: ProviderModel): Provider {
  const { requestDimensions: dimensions } = model;
  return {
    url: endpointUrl(baseUrl, 'api/embed'),
    headers: keyHeader('authorization', apiKey),
    maxTexts: 512,
    maxRequestTokens: 50_000,
    body: (input) => ({
      model: model.model,
      input,
      truncate: false,
      ...(dimensions !== undefined && { dimensions }),
    }),
    read(answer) {
      const { embeddings, prompt_eval_count: tokens } = readShape(schema, answer, '{ embeddings: [[...]] }');
      return { vectors: embeddings, tokens };
    },
  };
}
