import type { VectorEncoding } from '../config/config.ts';
import { readIndexedAnswer } from './indexed-answer.ts';
import { openAiBody } from './openai-provider.ts';
import type { Provider, ProviderModel } from './provider.ts';
import { endpointUrl, keyHeader } from './provider-address.ts';

export interface AzureAddress {
  /** Of the resource, such as `https://NAME.openai.azure.com`. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** The model is chosen by the name of its deployment. */
  readonly deployment: string;
  readonly apiVersion: string;
  readonly encoding: VectorEncoding;
}

/**
 * Azure OpenAI: a deployment in the path, a version in the query, the key in a header of its own.
 * @throws {StartupError} when the address or the key cannot be one.
 */
export function azureProvider(address: AzureAddress, model: ProviderModel): Provider {
  const { baseUrl, apiKey, deployment, apiVersion, encoding } = address;
  const url = endpointUrl(baseUrl, `openai/deployments/${encodeURIComponent(deployment)}/embeddings`);
  url.searchParams.set('api-version', apiVersion);
  return {
    url,
    headers: keyHeader('api-key', apiKey),
    maxTexts: 2_048,
    maxRequestTokens: 100_000,
    body: (input) => openAiBody(input, encoding, model),
    read: readIndexedAnswer,
  };
}
