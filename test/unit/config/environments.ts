import { ConfigError, type Environment, loadConfig } from '../../../src/config/load-config.ts';

export const secret = 'correct horse battery staple, and more';
export const server: Environment = {
  DATABASE_URL: 'postgres://tessera_gateway:hunter2@db:5432/app',
  JWT_HS256_SECRET: secret,
  JWT_ISSUER: 'https://login.example.com/',
  JWT_AUDIENCE: 'search',
};
export const openai: Environment = {
  EMBEDDER: 'openai',
  EMBEDDING_BASE_URL: 'http://embedder:8080/v1/',
  EMBEDDING_API_KEY: 'sk-hunter3',
  EMBEDDING_MODEL: 'text-embedding-3-small',
  EMBEDDING_DIMENSIONS: '1536',
};

export const cohere: Environment = {
  EMBEDDER: 'cohere',
  EMBEDDING_API_KEY: 'hunter4',
  EMBEDDING_MODEL: 'embed-v4.0',
  EMBEDDING_DIMENSIONS: '1024',
};

/** The faults of an environment as `VARIABLE: sentence`; empty when there are none. */
export function faultsOf(env: Environment): string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ variable, sentence }) => `${variable}: ${sentence}`);
  }
}
