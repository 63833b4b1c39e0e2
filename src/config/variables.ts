import type { z } from 'zod';
import {
  algorithmList,
  choice,
  claimName,
  databaseUrl,
  flag,
  hostName,
  keySetUrl,
  plainText,
  secretText,
  serviceUrl,
  type ValueType,
  wholeNumber,
} from './value-types.ts';

/** One environment variable: the single place that says what it means, what it may hold and what it is when unset. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  readonly allowed: string;
  /** What it is for, in sentences. */
  readonly doc: string;
  /** The text it has when unset. */
  readonly default: string | undefined;
  /** Its value is never shown. */
  readonly secret: boolean;
}

function withDefault<T>(type: ValueType<T>, text: string, doc: string): Variable<T> {
  return { schema: type.schema.prefault(text), allowed: type.allowed, doc, default: text, secret: false };
}

function optional<T>(type: ValueType<T>, doc: string): Variable<T | undefined> {
  return { schema: type.schema.optional(), allowed: type.allowed, doc, default: undefined, secret: false };
}

function optionalSecret<T>(type: ValueType<T>, doc: string): Variable<T | undefined> {
  return { ...optional(type, doc), secret: true };
}

// pgvector's `vector` holds at most 16,000 components.
const dimensions = wholeNumber(
  256,
  16_000,
  ' (stage one searches the first 256 components, so a model needs that many)',
);
const path = plainText('a path');

const database = {
  DATABASE_URL: optionalSecret(
    databaseUrl,
    'Connection of the gateway, as the login role tessera_gateway. Unset: embedded development mode, with a PostgreSQL inside the process that only this machine can reach.',
  ),
  WORKER_DATABASE_URL: optionalSecret(
    databaseUrl,
    'Connection of the worker, as the login role tessera_worker_login. Unset: the same as DATABASE_URL.',
  ),
  MIGRATE_DATABASE_URL: optionalSecret(
    databaseUrl,
    'Connection of the owner of the schema, needed by "tessera migrate" and "tessera tiers". A worker that has it keeps the indexes of large tenants.',
  ),
  GATEWAY_PASSWORD: optionalSecret(
    secretText(1),
    'Password that "tessera migrate" gives the login role tessera_gateway. Unset: its password is left alone.',
  ),
  WORKER_PASSWORD: optionalSecret(
    secretText(1),
    'Password that "tessera migrate" gives the login role tessera_worker_login. Unset: its password is left alone.',
  ),
  DATABASE_POOL_SIZE: withDefault(
    wholeNumber(1, 1000),
    '10',
    'Connections that one process opens at most. The embedded database has exactly one.',
  ),
  DATABASE_PREPARE: withDefault(
    flag,
    'true',
    'Whether connections keep searches parsed, which saves PostgreSQL a fifth of the work of a small one. Set it to false behind a pooler that gives each transaction another connection and does not carry prepared statements over, such as PgBouncer with max_prepared_statements = 0.',
  ),
  STATEMENT_TIMEOUT_MS: withDefault(
    wholeNumber(1, 600_000),
    '10000',
    'Milliseconds after which PostgreSQL cancels a statement of a request.',
  ),
} as const;

const server = {
  DATA_DIR: withDefault(path, '.tessera', 'Folder of the embedded database and of the generated signing key.'),
  HOST: withDefault(
    hostName,
    '127.0.0.1',
    'Address to listen on. Embedded development mode accepts loopback addresses only.',
  ),
  PORT: withDefault(wholeNumber(0, 65_535), '4000', 'TCP port to listen on; 0 picks a free one.'),
  LOG_LEVEL: withDefault(
    choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'info',
    'The least severe level that is logged.',
  ),
  GRAPHIQL: optional(
    flag,
    'Whether GET /graphql shows the explorer. Unset: true in embedded mode, false in server mode.',
  ),
  SEARCH_PAGE: optional(
    flag,
    'Whether GET / shows the search page. Unset: true in embedded mode, false in server mode.',
  ),
  INTROSPECTION: optional(
    flag,
    'Whether the schema can be asked for. Unset: true in embedded mode, false in server mode.',
  ),
  FEDERATION: withDefault(
    flag,
    'false',
    'Whether the gateway is a subgraph of a federated graph: answers _entities and, where INTROSPECTION is on, _service. See docs/federation.md.',
  ),
  MAX_BODY_BYTES: withDefault(
    wholeNumber(1024, 104_857_600),
    '4194304',
    'Largest request body in bytes; a larger one is refused with 413.',
  ),
  MAX_QUERY_TOKENS: withDefault(
    wholeNumber(100, 1_000_000),
    '10000',
    'Names, marks and literals of one GraphQL text. A literal vector of 3,072 components and 200 literal documents fit the default.',
  ),
  MAX_QUERY_DEPTH: withDefault(
    wholeNumber(1, 100),
    '15',
    'Fields inside each other, at most; those of an introspection query do not count.',
  ),
  MAX_QUERY_ALIASES: withDefault(wholeNumber(0, 1000), '50', 'Aliases in one GraphQL text, its fragments spelt out.'),
  MAX_QUERY_DIRECTIVES: withDefault(
    wholeNumber(0, 1000),
    '50',
    'Directives in one GraphQL text, its fragments spelt out.',
  ),
  MAX_QUERY_COST: withDefault(
    wholeNumber(1, 100_000_000),
    '10000',
    'Points that one request may cost; every answer tells its price in extensions.cost. A search is 10, an object 1, and a list counts as many times as it has items.',
  ),
  TRUSTED_DOCUMENTS_FILE: optional(
    path,
    'Manifest of GraphQL documents by id (JSON), which clients then send as "documentId" or "extensions.persistedQuery.sha256Hash". Unset: requests bring their text.',
  ),
  TRUSTED_DOCUMENTS_ONLY: optional(
    flag,
    'Whether the documents of TRUSTED_DOCUMENTS_FILE are the only ones that run. Unset: true with that file.',
  ),
  REQUEST_TIMEOUT_MS: withDefault(
    wholeNumber(1, 600_000),
    '30000',
    'Milliseconds after which a request is given up and its statements are cancelled.',
  ),
  WORKER_IN_SERVE: optional(
    flag,
    'Whether "tessera serve" also embeds new documents. Unset: true in embedded mode, false in server mode, where "tessera work" does it.',
  ),
  DELETED_DOCUMENT_HOURS: withDefault(
    wholeNumber(0, 87_600),
    '168',
    'Hours for which deleted documents can be restored before the worker removes them for good.',
  ),
  WORKER_CONCURRENCY: withDefault(
    wholeNumber(1, 100),
    '4',
    'Calls to the embedding provider that one worker has in hand at a time. The built-in embedder computes in the worker itself and gains nothing from more than one.',
  ),
} as const;

const token = {
  JWT_HS256_SECRET: optionalSecret(
    secretText(32),
    'Secret shared with the issuer of the tokens. Server mode needs exactly one of JWT_HS256_SECRET, JWT_JWKS_URL and JWT_JWKS_FILE; embedded mode generates a key when none is set.',
  ),
  JWT_JWKS_URL: optional(
    keySetUrl,
    'Address of the public keys of the issuer (JSON Web Key Set), fetched when needed and cached.',
  ),
  JWT_JWKS_FILE: optional(path, 'File with the public keys of the issuer (JSON Web Key Set), read at start.'),
  JWT_ISSUER: optional(
    plainText('the exact "iss" claim'),
    'Issuer that tokens must name. Required in server mode and with a key set; otherwise tessera-development.',
  ),
  JWT_AUDIENCE: optional(
    plainText('the exact "aud" claim'),
    'Audience that tokens must name, among others or alone. Required in server mode and with a key set; otherwise tessera.',
  ),
  JWT_ALGORITHMS: optional(
    algorithmList,
    'Signature algorithms that are accepted: HS* with JWT_HS256_SECRET, the others with a key set. Unset: HS256, or RS256,PS256,ES256,EdDSA with a key set.',
  ),
  JWT_CLOCK_TOLERANCE_SECONDS: withDefault(
    wholeNumber(0, 120),
    '5',
    'Seconds by which the clocks of the issuer and of this machine may differ.',
  ),
  JWT_TENANT_CLAIM: withDefault(
    claimName,
    'tenant',
    'Claim that holds the tenant id. A key is looked up as it stands first, then as a path.',
  ),
  JWT_SUBJECT_CLAIM: withDefault(claimName, 'sub', 'Claim that holds the user.'),
  JWT_GROUPS_CLAIM: withDefault(claimName, 'groups', 'Claim that holds the groups of the user, a list of strings.'),
  JWT_SCOPES_CLAIM: withDefault(
    claimName,
    'scope',
    'Claim that holds the scopes, separated by spaces or as a list. A token without it may do nothing.',
  ),
} as const;

const embedding = {
  EMBEDDER: withDefault(
    choice('static', 'openai'),
    'static',
    'What turns text into vectors: the built-in English table (static) or a service that speaks the OpenAI API (openai).',
  ),
  EMBEDDING_BASE_URL: optional(
    serviceUrl,
    'Address of the service up to its version, such as https://api.openai.com/v1. Required for openai.',
  ),
  EMBEDDING_API_KEY: optionalSecret(secretText(1), 'Key sent to the service as a bearer token. Unset: none is sent.'),
  EMBEDDING_MODEL: optional(
    plainText('the name of a model', 256),
    'Model to ask for, such as text-embedding-3-small. Required for openai.',
  ),
  EMBEDDING_DIMENSIONS: optional(dimensions, 'Components of a vector, such as 1536. Required for openai.'),
  EMBEDDING_TIMEOUT_MS: withDefault(wholeNumber(1, 600_000), '10000', 'Milliseconds to wait for the service.'),
  EMBEDDING_BATCH_SIZE: withDefault(wholeNumber(1, 2048), '64', 'Texts sent to the service in one call, at most.'),
  CHUNK_TOKENS: withDefault(
    wholeNumber(32, 2000),
    '200',
    'Tokens of a chunk, at most. Changing it affects documents written from then on.',
  ),
  CHUNK_OVERLAP_TOKENS: withDefault(
    wholeNumber(0, 999),
    '40',
    'Tokens that a chunk repeats of the one before it; less than half of CHUNK_TOKENS.',
  ),
} as const;

/** Every variable that Tessera reads, and no other. */
export const variables = { ...database, ...server, ...token, ...embedding };

export type VariableName = keyof typeof variables;
/** The values of all variables once their texts are checked; `undefined` for an unset one without a default. */
export type Values = { readonly [Name in VariableName]: z.output<(typeof variables)[Name]['schema']> };

/** The variables in the order and under the headings of `.env.example`. */
export const variableSections: readonly (readonly [heading: string, names: readonly VariableName[]])[] = [
  ['Database', Object.keys(database) as VariableName[]],
  ['Server', Object.keys(server) as VariableName[]],
  ['Tokens', Object.keys(token) as VariableName[]],
  ['Embedding', Object.keys(embedding) as VariableName[]],
];
