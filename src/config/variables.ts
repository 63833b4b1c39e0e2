import type { z } from 'zod';
import { largestLimit } from '../quota.ts';
import { database } from './database-variables.ts';
import { embedding } from './embedding-variables.ts';
import { metrics } from './metrics-variables.ts';
import {
  algorithmList,
  choice,
  claimName,
  flag,
  hostName,
  keySetUrl,
  originList,
  plainText,
  secretText,
  share,
  tokenType,
  wholeNumber,
} from './value-types.ts';
import { optional, optionalSecret, withDefault } from './variable.ts';

const path = plainText('a path');

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
  CORS_ORIGINS: optional(
    originList,
    'Origins whose pages may read answers in a browser. Unset: those of this gateway only.',
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
    'Milliseconds after which a request is given up and its statements are cancelled, those that find out who calls included.',
  ),
  MAX_SUBSCRIPTIONS: withDefault(
    wholeNumber(0, 100_000),
    '1000',
    'Subscriptions that one gateway holds at most; 0 allows none.',
  ),
  MAX_SUBSCRIPTIONS_PER_TENANT: withDefault(
    wholeNumber(0, 100_000),
    '100',
    'Subscriptions of one tenant that one gateway holds at most.',
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
  NEXT_WORKER_CONCURRENCY: optional(
    wholeNumber(1, 100),
    'The same of the second model (NEXT_EMBEDDER), whose calls are counted apart. Unset: as WORKER_CONCURRENCY.',
  ),
} as const;

const token = {
  JWT_HS256_SECRET: optionalSecret(
    secretText(32),
    'Secret shared with the issuer of the tokens. Server mode needs exactly one of JWT_HS256_SECRET, JWT_JWKS_URL, JWT_JWKS_FILE, JWT_PEM_FILE and JWT_ISSUERS_FILE; embedded mode generates a key when none is set.',
  ),
  JWT_JWKS_URL: optional(
    keySetUrl,
    'Address of the public keys of the issuer (JSON Web Key Set), fetched when needed and cached.',
  ),
  JWT_JWKS_FILE: optional(path, 'File with the public keys of the issuer (JSON Web Key Set), read at start.'),
  JWT_PEM_FILE: optional(
    path,
    'File with the public key of the issuer in PEM, a key (SPKI) or an X.509 certificate, read at start.',
  ),
  JWT_ISSUERS_FILE: optional(
    path,
    'File with several issuers (JSON), each with its own audience, keys, algorithms and claims, in place of the other variables about one. See docs/authentication.md.',
  ),
  JWT_ISSUER: optional(
    plainText('the exact "iss" claim'),
    'Issuer that tokens must name. Required in server mode and with public keys; otherwise tessera-development.',
  ),
  JWT_AUDIENCE: optional(
    plainText('the exact "aud" claim'),
    'Audience that tokens must name, among others or alone. Required in server mode and with public keys; otherwise tessera.',
  ),
  JWT_ALGORITHMS: optional(
    algorithmList,
    'Signature algorithms that are accepted: HS* with JWT_HS256_SECRET, the others with public keys. Unset: HS256, or RS256,PS256,ES256,EdDSA with public keys.',
  ),
  JWT_TYPE: optional(
    tokenType,
    'What the header of a token must say of its type ("typ"): at+jwt where the issuer marks access tokens, so that an ID token is not taken for one. Unset: anything.',
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

const limit = wholeNumber(0, largestLimit);
const limits = {
  LIMIT_REQUESTS_PER_MINUTE: optional(
    limit,
    'Requests a minute of a tenant for which "tessera limits" set nothing else. Unset: not limited, as with the four below.',
  ),
  LIMIT_COST_POINTS_PER_MINUTE: optional(
    limit,
    'Points a minute of such a tenant, as extensions.cost tells them of each request.',
  ),
  LIMIT_EMBEDDING_TOKENS_PER_DAY: optional(
    limit,
    'Tokens a day, from midnight UTC, of what is embedded for such a tenant: queries, and documents as they are written.',
  ),
  LIMIT_DOCUMENTS: optional(limit, 'Documents that such a tenant stores.'),
  LIMIT_CHUNKS: optional(limit, 'Passages that such a tenant stores.'),
  AUDIT_RETENTION_DAYS: optional(
    wholeNumber(7, 36_500),
    'Days for which the worker keeps the audit log. Unset: for ever.',
  ),
  SAMPLE_QUERIES: withDefault(
    share,
    '0',
    'Share of the queries by meaning whose text a gateway keeps for "tessera models compare" and "tessera tune": at most 500 a tenant, picked at random. 0: no query is ever kept, for one may be personal data. See docs/security.md.',
  ),
  SAMPLE_QUERIES_DAYS: withDefault(wholeNumber(1, 365), '30', 'Days after which the worker clears such a query away.'),
} as const;

/** Every variable that Tessera reads, and no other. */
export const variables = { ...database, ...server, ...token, ...limits, ...embedding, ...metrics };

export type VariableName = keyof typeof variables;
/** The values of all variables once their texts are checked; `undefined` for an unset one without a default. */
export type Values = { readonly [Name in VariableName]: z.output<(typeof variables)[Name]['schema']> };

/** The variables in the order and under the headings of `.env.example`. */
export const variableSections: readonly (readonly [heading: string, names: readonly VariableName[]])[] = [
  ['Database', Object.keys(database) as VariableName[]],
  ['Server', Object.keys(server) as VariableName[]],
  ['Tokens', Object.keys(token) as VariableName[]],
  ['Limits', Object.keys(limits) as VariableName[]],
  ['Embedding', Object.keys(embedding) as VariableName[]],
  ['Metrics', Object.keys(metrics) as VariableName[]],
];
