/**
 * The three kinds of failure, and their shapes.
 *
 * - {@link Refusal}: the request is refused as a whole. It becomes a coded GraphQL (or plain HTTP) error with an HTTP status.
 * - {@link ExpectedError}: an outcome that callers plan for. It becomes a member of a result union behind `interface Error`.
 * - anything else is a bug: it is logged with its cause and masked with the request id.
 *
 * A message says what was wrong, what was received and what is allowed. None of these classes knows GraphQL.
 */

/** Codes of refused requests, each with the HTTP status that goes with it. `docs/errors.md` explains every one. */
export const refusalStatus = {
  BAD_REQUEST: 400,
  BAD_USER_INPUT: 400,
  INVALID_CURSOR: 400,
  QUERY_LIMIT_EXCEEDED: 400,
  QUERY_TOO_EXPENSIVE: 400,
  PERSISTED_QUERY_NOT_FOUND: 400,
  PERSISTED_QUERY_NOT_SUPPORTED: 400,
  UNAUTHENTICATED: 401,
  TOKEN_REVOKED: 401,
  FORBIDDEN: 403,
  UNTRUSTED_DOCUMENT: 403,
  TENANT_SUSPENDED: 403,
  TENANT_DELETED: 403,
  NOT_ACCEPTABLE: 406,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  TOO_MANY_SUBSCRIPTIONS: 429,
  TOO_MANY_UNKNOWN_KEYS: 429,
  DATABASE_UNAVAILABLE: 503,
  KEY_SERVER_UNAVAILABLE: 503,
  STATEMENT_TIMEOUT: 504,
  REQUEST_TIMEOUT: 504,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

/** A request that is refused as a whole, before or instead of being answered. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly httpStatus: number;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.httpStatus = refusalStatus[code];
  }
}

/** Codes of expected failures, members of result unions. `docs/errors.md` explains every one. */
export type ExpectedErrorCode =
  | 'NOT_FOUND'
  | 'NOT_EMBEDDABLE'
  | 'EMBEDDER_UNAVAILABLE'
  | 'EMBEDDER_TIMEOUT'
  | 'EMBEDDER_REJECTED'
  | 'INVALID_DOCUMENT'
  | 'VERSION_CONFLICT'
  | 'IDEMPOTENCY_CONFLICT'
  | 'INVALID_COLLECTION'
  | 'COLLECTION_NOT_EMPTY'
  | 'TENANT_EXISTS'
  | 'TENANT_NOT_FOUND'
  | 'TENANT_BEING_DELETED'
  | 'QUOTA_EXCEEDED';

/** An outcome that callers plan for: it is answered as data, not thrown at them. */
export abstract class ExpectedError extends Error {
  abstract readonly code: ExpectedErrorCode;
}

/** The program cannot start or a command cannot run as asked; printed as one or more plain lines, without a stack trace. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  /** Process exit code: 78 (EX_CONFIG of sysexits.h) for configuration, 1 for anything else. */
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}
