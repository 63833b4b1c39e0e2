/**
 * Every code that a client can meet, and when. The types of codes are made of these tables, and so are the tables of
 * `docs/errors.md`: run `npx vitest run --project unit test/unit/error-codes.test.ts --update` after changing one.
 */

/** What is refused as a whole, each with the HTTP status that goes with it. Of `status`, the first is the usual one. */
export const refusals = {
  BAD_USER_INPUT: {
    status: [400],
    when: 'An argument is outside its limits: an empty or overlong text, a vector of the wrong length, a page size that is not 1 to 100. A body of more than 200,000 values, 50,000 fields or 500 levels.',
  },
  BAD_REQUEST: {
    status: [400, 405, 421],
    when: 'The request holds no GraphQL: its body is not a JSON object with a `query`, or its method is another than GET and POST; on the search page, than GET and HEAD. 421: in embedded development mode its `Host` names another machine.',
  },
  QUERY_LIMIT_EXCEEDED: {
    status: [400],
    when: 'The GraphQL text has too many characters, comments, fields, levels, aliases, directives or fragments, or too long a name: `MAX_QUERY_DEPTH`, `MAX_QUERY_ALIASES`, `MAX_QUERY_DIRECTIVES`.',
  },
  QUERY_TOO_EXPENSIVE: {
    status: [400],
    when: 'The request costs more points than `MAX_QUERY_COST`. The price of every other request is in `extensions.cost`.',
  },
  PERSISTED_QUERY_NOT_FOUND: { status: [400], when: 'The id is not in the manifest of `TRUSTED_DOCUMENTS_FILE`.' },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    status: [400],
    when: 'The request names a document by id, and there is no manifest.',
  },
  INVALID_CURSOR: { status: [400], when: '`after` is no cursor, or belongs to another query, tenant or filter.' },
  UNAUTHENTICATED: {
    status: [401],
    when: 'No token or API key, or one that does not hold: malformed, unknown, wrong signature, expired, of another issuer or audience, without a usable tenant.',
  },
  TOKEN_REVOKED: { status: [401], when: 'The token or API key was good, and was revoked.' },
  FORBIDDEN: { status: [403], when: 'The token lacks the scope that the field needs.' },
  TENANT_SUSPENDED: {
    status: [403],
    when: 'An operator has suspended the tenant: whatever its tokens and API keys ask for, revocations apart, is refused until it is resumed. Its data are kept.',
  },
  TENANT_DELETED: { status: [403], when: 'The tenant was deleted, or is being deleted.' },
  UNTRUSTED_DOCUMENT: {
    status: [403],
    when: 'The text is not among the trusted documents, which are the only ones that run (`TRUSTED_DOCUMENTS_ONLY`).',
  },
  NOT_ACCEPTABLE: {
    status: [406],
    when: 'The `Accept` header leaves no form for the answer; for a subscription that form is `text/event-stream`.',
  },
  PAYLOAD_TOO_LARGE: { status: [413], when: 'The body is larger than `MAX_BODY_BYTES`.' },
  RATE_LIMITED: {
    status: [429],
    when: 'The tenant or the API key has no requests, points or tokens left: [quotas.md](quotas.md). `Retry-After` and `extensions.quota` say when there are some again.',
  },
  TOO_MANY_SUBSCRIPTIONS: {
    status: [429],
    when: 'The tenant, or this gateway, has as many subscriptions as it may: `MAX_SUBSCRIPTIONS_PER_TENANT`, `MAX_SUBSCRIPTIONS`.',
  },
  TOO_MANY_UNKNOWN_KEYS: {
    status: [429],
    when: 'This gateway was shown too many API keys that nobody has, and looks no new one up for a moment (`Retry-After`). Keys that it has seen are let in.',
  },
  DATABASE_UNAVAILABLE: {
    status: [503],
    when: 'The database cannot be reached, or no connection was free for 5 seconds. Nothing was changed.',
  },
  OUTCOME_UNKNOWN: {
    status: [503],
    when: 'The connection to the database was lost while a write was being committed: it was done as a whole or not at all. Send it again under the same `idempotencyKey`, or with the same `ifVersion`.',
  },
  KEY_SERVER_UNAVAILABLE: {
    status: [503],
    when: "The token could not be checked, because the server with its issuer's keys gave no usable answer.",
  },
  STATEMENT_TIMEOUT: {
    status: [504],
    when: 'The database took longer than `STATEMENT_TIMEOUT_MS`. Nothing was changed.',
  },
  REQUEST_TIMEOUT: {
    status: [504],
    when: 'The request took longer than `REQUEST_TIMEOUT_MS`, and its statements were cancelled.',
  },
} as const satisfies Record<string, Refused>;

interface Refused {
  readonly status: readonly [number, ...number[]];
  readonly when: string;
}

/** The same, of faults that GraphQL's library or the HTTP layer finds before any of Tessera's fields runs. */
export const requestFaults = {
  GRAPHQL_PARSE_FAILED: {
    status: [400],
    when: 'The text is not GraphQL.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: [400],
    when: 'The text asks for what the schema does not have, leaves out what it demands, or gives two of an input of which one is meant (`@oneOf`).',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: [400],
    when: 'The text does not say which of its operations is meant, or the request names one that it does not have.',
  },
  NOT_FOUND: { status: [404], when: 'There is nothing at this path.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: [415],
    when: 'The body is of a kind that is not read here: of those that an HTML form can send, none is.',
  },
  INTERNAL_SERVER_ERROR: {
    status: [500],
    when: 'Anything else: a bug. No reason is given; the log has it under the request id.',
  },
} as const satisfies Record<string, Refused>;

/** Outcomes that callers plan for, each with the GraphQL type that it is a member of result unions by. */
export const expectedErrors = {
  EMBEDDER_UNAVAILABLE: {
    type: 'EmbedderError',
    when: "The embedding provider cannot be reached, is overloaded, failed, or is left alone after failing ([embedders](embedders.md)); the tenant's budget of embedding tokens is used up; or the tenant was moved to a model that this gateway is not configured for ([models](models.md)). KEYWORD search needs no embedder.",
  },
  EMBEDDER_TIMEOUT: { type: 'EmbedderError', when: 'The provider took longer than `EMBEDDING_TIMEOUT_MS`.' },
  EMBEDDER_REJECTED: {
    type: 'EmbedderError',
    when: 'The provider refused the text, or answered with something that is not the vectors that were asked for.',
  },
  NOT_EMBEDDABLE: {
    type: 'NotEmbeddableError',
    when: 'SEMANTIC search by a text of which the model knows nothing. HYBRID falls back to KEYWORD and says so in `mode`.',
  },
  NOT_FOUND: {
    type: 'ExampleNotFoundError',
    when: 'A document or chunk to search from does not exist for the caller, or has no vector yet.',
  },
  INVALID_DOCUMENT: {
    type: 'InvalidDocumentError',
    when: 'A document of the write cannot be stored; `index` says which. Nothing of the write was stored; with `atomic: false` the failure is in `leftOut` and the other documents are stored.',
  },
  VERSION_CONFLICT: {
    type: 'VersionConflictError',
    when: 'A document of the write is not at the version that `ifVersion` names; `index` and `currentVersion` say which and where it is. Nothing of the write was stored.',
  },
  IDEMPOTENCY_CONFLICT: {
    type: 'IdempotencyError',
    when: 'Another write was sent under the same `idempotencyKey` within a day.',
  },
  INVALID_COLLECTION: {
    type: 'CollectionError',
    when: "A collection cannot be defined like this: its name or an attribute's name is not usable, an attribute comes twice, there are more than 32, or its chunks have a size that none can have.",
  },
  COLLECTION_NOT_EMPTY: {
    type: 'CollectionError',
    when: 'The language of a collection would change while it holds documents, whose words are stemmed already.',
  },
  TENANT_EXISTS: {
    type: 'TenantStateError',
    when: 'An operator would create a tenant that exists, or that is still being deleted.',
  },
  TENANT_NOT_FOUND: { type: 'TenantStateError', when: 'An operator names a tenant that does not exist.' },
  TENANT_BEING_DELETED: { type: 'TenantStateError', when: 'A tenant that is being deleted can be changed no more.' },
  QUOTA_EXCEEDED: {
    type: 'QuotaExceededError',
    when: 'The tenant would have more documents or chunks than it may, or needs more embedding tokens than are left of the day: [quotas.md](quotas.md). Nothing of the write was stored.',
  },
} as const satisfies Record<string, { readonly type: string; readonly when: string }>;
