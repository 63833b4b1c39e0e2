import type { VectorEncoding } from '../config/config.ts';
import { readIndexedAnswer } from './indexed-answer.ts';
import type { Provider, ProviderModel } from './provider.ts';
import { endpointUrl, keyHeader } from './provider-address.ts';

export interface OpenAiAddress {
  /** Up to the version, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token. Local servers often need none. */
  readonly apiKey: string | undefined;
  /** Form that vectors are asked for in. Either is understood in an answer. */
  readonly encoding: VectorEncoding;
}

/**
 * OpenAI's `/embeddings`, which vLLM, Text Embeddings Inference, LM Studio and many others speak too. It knows no purpose.
 * @throws {StartupError} when the address or the key cannot be one.
 */
export function openAiProvider({ baseUrl, apiKey, encoding }: OpenAiAddress, model: ProviderModel): Provider {
  return {
    url: endpointUrl(baseUrl, 'embeddings'),
    headers: keyHeader('authorization', apiKey),
    maxTexts: 2_048,
    // OpenAI takes 300,000.
    maxRequestTokens: 100_000,
    body: (input) => ({ model: model.model, ...openAiBody(input, encoding, model) }),
    read: readIndexedAnswer,
  };
}

/** What OpenAI and Azure share of a request. */
export function openAiBody(
  input: readonly string[],
  encoding: VectorEncoding,
  { requestDimensions: dimensions }: ProviderModel,
) {
  return { input, encoding_format: encoding, ...(dimensions !== undefined && { dimensions }) };
}
