import type { VectorEncoding } from '../config/config.ts';
import { readIndexedAnswer } from './indexed-answer.ts';
import type { Provider, ProviderModel } from './provider.ts';
import { endpointUrl, keyHeader } from './provider-address.ts';

export interface VoyageAddress {
  /** Up to the version, such as `https://api.voyageai.com/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly encoding: VectorEncoding;
}

/**
 * Voyage's `/embeddings`: queries and documents are told apart, a text that is too long is refused.
 * @throws {StartupError} when the address or the key cannot be one.
 */
export function voyageProvider({ baseUrl, apiKey, encoding }: VoyageAddress, model: ProviderModel): Provider {
  const { requestDimensions: dimensions } = model;
  return {
    url: endpointUrl(baseUrl, 'embeddings'),
    headers: keyHeader('authorization', apiKey),
    maxTexts: 1_000,
    // The models with the smallest limit take 120,000.
    maxRequestTokens: 60_000,
    body: (input, purpose) => ({
      model: model.model,
      input,
      input_type: purpose,
      truncation: false,
      // Numbers in plain text are what it sends when nothing is said; it knows no word for them.
      ...(encoding === 'base64' && { encoding_format: encoding }),
      ...(dimensions !== undefined && { output_dimension: dimensions }),
    }),
    read: readIndexedAnswer,
  };
}
