import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/config/load-config.ts';
import { cohere, faultsOf, openai, secret, server } from './environments.ts';

const expected: Environment = { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' };

const refused: [title: string, env: Environment, variable: string, words: string][] = [
  ['a database that is not PostgreSQL', { ...server, DATABASE_URL: 'mysql://db/app' }, 'DATABASE_URL', 'postgres://'],
  [
    'a worker without a gateway',
    { WORKER_DATABASE_URL: 'postgres://db/app' },
    'DATABASE_URL',
    'WORKER_DATABASE_URL is',
  ],
  [
    'a migration without a gateway',
    { MIGRATE_DATABASE_URL: 'postgres://db/app' },
    'DATABASE_URL',
    'MIGRATE_DATABASE_URL is',
  ],
  ['an empty pool', { DATABASE_POOL_SIZE: '0' }, 'DATABASE_POOL_SIZE', 'from 1 to 1000'],
  ['a port beyond the last', { PORT: '65536' }, 'PORT', 'from 0 to 65535'],
  ['a port in hexadecimal', { PORT: '0x10' }, 'PORT', 'whole number'],
  ['a port with a fraction', { PORT: '40.5' }, 'PORT', 'whole number'],
  ['a host with a port', { HOST: '127.0.0.1:80' }, 'HOST', 'without a port'],
  ['an embedded database on the network', { HOST: '192.168.0.7' }, 'HOST', 'set DATABASE_URL'],
  ['a name that only begins like loopback', { HOST: '127.example.com' }, 'HOST', 'set DATABASE_URL'],
  ['a flag that is neither true nor false', { GRAPHIQL: 'yes' }, 'GRAPHIQL', 'true or false'],
  ['a body limit of nothing', { MAX_BODY_BYTES: '0' }, 'MAX_BODY_BYTES', 'from 1024'],
  ['a short secret', { JWT_HS256_SECRET: 'x'.repeat(31) }, 'JWT_HS256_SECRET', 'at least 32 bytes'],
  ['a secret with a line break', { JWT_HS256_SECRET: `${secret}\n` }, 'JWT_HS256_SECRET', 'control characters'],
  ['two sources of keys', { ...server, JWT_JWKS_FILE: 'keys.json' }, 'JWT_JWKS_FILE', 'exactly one'],
  [
    'keys over plain http',
    { ...expected, JWT_JWKS_URL: 'http://login.example.com/keys' },
    'JWT_JWKS_URL',
    'an https URL',
  ],
  ['keys in a file URL', { ...expected, JWT_JWKS_URL: 'file:///etc/keys' }, 'JWT_JWKS_URL', 'an https URL'],
  ['a key set without an issuer', { JWT_JWKS_FILE: 'k', JWT_AUDIENCE: 'a' }, 'JWT_ISSUER', 'with public keys'],
  ['a key set without an audience', { JWT_JWKS_FILE: 'k', JWT_ISSUER: 'i' }, 'JWT_AUDIENCE', 'with public keys'],
  ['the algorithm none', { JWT_ALGORITHMS: 'HS256,none' }, 'JWT_ALGORITHMS', 'comma-separated list of HS256'],
  ['an unknown algorithm', { JWT_ALGORITHMS: 'hs256' }, 'JWT_ALGORITHMS', 'comma-separated list'],
  ['RS256 with a shared secret', { ...server, JWT_ALGORITHMS: 'HS256,RS256' }, 'JWT_ALGORITHMS', 'received RS256'],
  ['RS256 with the generated key', { JWT_ALGORITHMS: 'RS256' }, 'JWT_ALGORITHMS', 'the generated key signs HS256 only'],
  [
    'HS256 with a key set',
    { ...server, JWT_HS256_SECRET: '', JWT_JWKS_FILE: 'k', JWT_ALGORITHMS: 'RS256,HS256' },
    'JWT_ALGORITHMS',
    'received HS256; allowed: public keys check',
  ],
  [
    'HS256 with a key in PEM',
    { ...expected, JWT_PEM_FILE: 'k', JWT_ALGORITHMS: 'HS256' },
    'JWT_ALGORITHMS',
    'RS*, PS*',
  ],
  ['a key in PEM beside a secret', { ...server, JWT_PEM_FILE: 'k' }, 'JWT_PEM_FILE', 'exactly one of'],
  ['a type with a space', { JWT_TYPE: 'at jwt' }, 'JWT_TYPE', 'such as at+jwt'],
  [
    'an audience beside several issuers',
    { JWT_ISSUERS_FILE: 'f', JWT_AUDIENCE: 'a' },
    'JWT_AUDIENCE',
    'each issuer has',
  ],
  ['every origin', { CORS_ORIGINS: '*' }, 'CORS_ORIGINS', 'no "*"'],
  ['the origin of no page', { CORS_ORIGINS: 'null' }, 'CORS_ORIGINS', 'list of origins'],
  ['an origin with a path', { CORS_ORIGINS: 'https://a.example/' }, 'CORS_ORIGINS', 'without a path'],
  ['an origin without a scheme', { CORS_ORIGINS: 'a.example' }, 'CORS_ORIGINS', 'its scheme'],
  ['an origin in capitals', { CORS_ORIGINS: 'https://A.example' }, 'CORS_ORIGINS', 'list of origins'],
  [
    'a connection to listen on, and none to serve',
    { LISTEN_DATABASE_URL: 'postgres://d/a' },
    'DATABASE_URL',
    'LISTEN_',
  ],
  ['HS512 with a short secret', { ...server, JWT_ALGORITHMS: 'HS512' }, 'JWT_HS256_SECRET', 'shorter than 64 bytes'],
  ['HS512 with the generated key', { JWT_ALGORITHMS: 'HS512' }, 'JWT_ALGORITHMS', 'HS256 only'],
  ['a tolerance of an hour', { JWT_CLOCK_TOLERANCE_SECONDS: '3600' }, 'JWT_CLOCK_TOLERANCE_SECONDS', 'from 0 to 120'],
  ['a claim path with a gap', { JWT_TENANT_CLAIM: 'org..id' }, 'JWT_TENANT_CLAIM', 'a path such as org.id'],
  ['a claim name with a space', { JWT_SUBJECT_CLAIM: 'user id' }, 'JWT_SUBJECT_CLAIM', 'without spaces'],
  [
    'a second model without its address',
    { NEXT_EMBEDDER: 'openai', NEXT_EMBEDDING_MODEL: 'm', NEXT_EMBEDDING_DIMENSIONS: '512' },
    'NEXT_EMBEDDING_BASE_URL',
    'with NEXT_EMBEDDER=openai it is required',
  ],
  ['half of a second model', { NEXT_EMBEDDING_MODEL: 'm' }, 'NEXT_EMBEDDING_MODEL', 'NEXT_EMBEDDER is not'],
  ['calls to a second model', { NEXT_WORKER_CONCURRENCY: '2' }, 'NEXT_WORKER_CONCURRENCY', 'NEXT_EMBEDDER is not'],
  ['the same model twice', { NEXT_EMBEDDER: 'static' }, 'NEXT_EMBEDDER', 'allowed: another one'],
  ['an unknown embedder', { EMBEDDER: 'magic' }, 'EMBEDDER', 'one of static, openai, azure, ollama'],
  [
    'a prefix for a service that is told the purpose',
    { ...cohere, EMBEDDING_QUERY_PREFIX: 'q: ' },
    'EMBEDDING_QUERY_PREFIX',
    'EMBEDDER=cohere takes no notice of it; set EMBEDDER=openai, azure, ollama, local or remove it',
  ],
  [
    'Cohere without a key',
    { ...cohere, EMBEDDING_API_KEY: '' },
    'EMBEDDING_API_KEY',
    'with EMBEDDER=cohere it is required',
  ],
  [
    'Azure without its resource',
    { ...openai, EMBEDDER: 'azure', EMBEDDING_BASE_URL: '' },
    'EMBEDDING_BASE_URL',
    'with EMBEDDER=azure it is required',
  ],
  [
    'a deployment for OpenAI',
    { ...openai, EMBEDDING_AZURE_DEPLOYMENT: 'd' },
    'EMBEDDING_AZURE_DEPLOYMENT',
    'set EMBEDDER=azure or remove',
  ],
  [
    'a key for a model in this process',
    { EMBEDDER: 'local', EMBEDDING_MODEL: 'm', EMBEDDING_DIMENSIONS: '768', EMBEDDING_API_KEY: 'sk' },
    'EMBEDDING_API_KEY',
    'EMBEDDER=local takes no notice',
  ],
  ['an unknown encoding', { ...openai, EMBEDDING_ENCODING: 'int8' }, 'EMBEDDING_ENCODING', 'one of base64, float'],
  ['eleven retries', { ...openai, EMBEDDING_RETRIES: '11' }, 'EMBEDDING_RETRIES', 'from 0 to 10'],
  ['a model below 256 dimensions', { ...openai, EMBEDDING_DIMENSIONS: '255' }, 'EMBEDDING_DIMENSIONS', 'the first 256'],
  ['a key for the built-in embedder', { EMBEDDING_API_KEY: 'sk' }, 'EMBEDDING_API_KEY', 'set EMBEDDER=openai, azure'],
  ['an embedder behind ftp', { ...openai, EMBEDDING_BASE_URL: 'ftp://host' }, 'EMBEDDING_BASE_URL', 'http or https'],
  ['chunks of a few tokens', { CHUNK_TOKENS: '31', CHUNK_OVERLAP_TOKENS: '0' }, 'CHUNK_TOKENS', 'from 32 to 2000'],
  ['an overlap of half a chunk', { CHUNK_OVERLAP_TOKENS: '100' }, 'CHUNK_OVERLAP_TOKENS', 'received 100'],
  [
    'only trusted documents, and none',
    { TRUSTED_DOCUMENTS_ONLY: 'true' },
    'TRUSTED_DOCUMENTS_FILE',
    'name the manifest',
  ],
  ['no depth at all', { MAX_QUERY_DEPTH: '0' }, 'MAX_QUERY_DEPTH', 'from 1 to 100'],
  ['chunks too small for the overlap', { CHUNK_TOKENS: '64' }, 'CHUNK_OVERLAP_TOKENS', 'not set and therefore 40'],
];

describe('one fault', () => {
  test.each(refused)('%s is the only one reported', (_title, env, variable, words) => {
    const faults = faultsOf(env);
    expect(faults.filter((fault) => fault.startsWith(`${variable}: `) && fault.includes(words))).toHaveLength(1);
    expect(faults.filter((fault) => !fault.startsWith(`${variable}: `))).toEqual([]);
  });
});

const accepted: [title: string, env: Environment][] = [
  ['every loopback address', { HOST: '127.8.8.8' }],
  ['loopback in IPv6', { HOST: '::1' }],
  ['localhost', { HOST: 'localhost' }],
  ['a port that the system picks', { PORT: '0' }],
  ['a secret of 32 bytes in 16 characters', { JWT_HS256_SECRET: 'é'.repeat(16) }],
  ['HS512 with 64 bytes', { JWT_HS256_SECRET: 'x'.repeat(64), JWT_ALGORITHMS: 'HS512' }],
  ['keys over http on loopback', { JWT_JWKS_URL: 'http://[::1]:9/keys', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' }],
  ['one key in PEM', { ...expected, JWT_PEM_FILE: 'key.pem', JWT_ALGORITHMS: 'ES384', JWT_TYPE: 'application.at+jwt' }],
  ['several issuers', { JWT_ISSUERS_FILE: 'issuers.json', JWT_TENANT_CLAIM: 'org', JWT_CLOCK_TOLERANCE_SECONDS: '0' }],
  ['a claim name that is a URL', { JWT_TENANT_CLAIM: 'https://example.com/tenant' }],
  ['the smallest model', { ...openai, EMBEDDING_DIMENSIONS: '256' }],
  ['an embedder without a key', { ...openai, EMBEDDING_API_KEY: '' }],
  ['Cohere at its own address', cohere],
  ['a time limit beside the built-in embedder', { EMBEDDING_TIMEOUT_MS: '500' }],
  ['trusted documents beside others', { TRUSTED_DOCUMENTS_FILE: 'm.json', TRUSTED_DOCUMENTS_ONLY: 'false' }],
  ['an overlap just below half a chunk', { CHUNK_OVERLAP_TOKENS: '99' }],
];

describe('no fault', () => {
  test.each(accepted)('%s is accepted', (_title, env) => {
    expect(faultsOf(env)).toEqual([]);
  });
});
