import { z } from 'zod';
import type { Provider, ProviderModel } from './provider.ts';
import { endpointUrl, keyHeader } from './provider-address.ts';
import { readShape } from './provider-answer.ts';

export interface CohereAddress {
  /** Up to the version, such as `https://api.cohere.com/v2`. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
}

const inputTypes = { query: 'search_query', document: 'search_document' } as const;

const schema = z.object({
  embeddings: z.object({ float: z.array(z.unknown()) }),
  meta: z
    .object({ billed_units: z.object({ input_tokens: z.number() }) })
    .optional()
    .catch(undefined),
});

/**
 * Cohere's `/v2/embed`: queries and documents are told apart, a text that is too long is refused.
 * @throws {StartupError} when the address or the key cannot be one.
 */
export function cohereProvider({ baseUrl, apiKey }: CohereAddress, model: ProviderModel): Provider {
  const { requestDimensions: dimensions } = model;
  return {
    url: endpointUrl(baseUrl, 'embed'),
    headers: keyHeader('authorization', apiKey),
    maxTexts: 96,
    maxRequestTokens: 100_000,
    body: (texts, purpose) => ({
      model: model.model,
      texts,
      input_type: inputTypes[purpose],
      embedding_types: ['float'],
      truncate: 'NONE',
      ...(dimensions !== undefined && { output_dimension: dimensions }),
    }),
    read(answer) {
      const { embeddings, meta } = readShape(schema, answer, '{ embeddings: { float: [[...]] } }');
      return { vectors: embeddings.float, tokens: meta?.billed_units.input_tokens };
    },
  };
}
