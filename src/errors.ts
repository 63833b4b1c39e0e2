import { type expectedErrors, refusals, type requestFaults } from './error-codes.ts';

/**
 * The three kinds of failure, and their shapes.
 *
 * - {@link Refusal}: the request is refused as a whole. It becomes a coded GraphQL (or plain HTTP) error with an HTTP status.
 * - {@link ExpectedError}: an outcome that callers plan for. It becomes a member of a result union behind `interface Error`.
 * - anything else is a bug: it is logged with its cause and masked with the request id.
 *
 * A message says what was wrong, what was received and what is allowed. None of these classes knows GraphQL. The codes and
 * what each means are in `error-codes.ts`.
 */

/** Codes of refused requests, each with an HTTP status. */
export type RefusalCode = keyof typeof refusals;

/** A request that is refused as a whole, before or instead of being answered. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly httpStatus: number;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    [this.httpStatus] = refusals[code].status;
  }
}

/** Codes of faults that are found before any field runs. */
export type RequestFaultCode = keyof typeof requestFaults;

/** Codes of expected failures, members of result unions. */
export type ExpectedErrorCode = keyof typeof expectedErrors;

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
