import { ExpectedError } from '../errors.ts';

export type EmbedderErrorCode = 'EMBEDDER_UNAVAILABLE' | 'EMBEDDER_TIMEOUT' | 'EMBEDDER_REJECTED';

/**
 * What a failure says about trying again, for whoever holds a batch:
 *
 * - `passing`: the same call may succeed later (rate limit, 5xx, silence, a cut connection, a spent budget).
 * - `item`: a text of the batch is at fault (too long, rejected, a vector that is none). Halve the batch to find it; alone
 *   it will fail again.
 * - `configuration`: no text can succeed until somebody changes a setting (key, address, model, dimensions).
 */
export type EmbedderFault = 'passing' | 'item' | 'configuration';

/** Why nothing was sent: the tenant has used up its budget of tokens, or the provider is down and left alone. */
type Unsent = 'budget' | 'circuit';

export interface EmbedderErrorOptions extends ErrorOptions {
  /** Without it: `item` for `EMBEDDER_REJECTED`, otherwise `passing`. */
  readonly fault?: EmbedderFault | undefined;
  /** Milliseconds after which the provider wants to be asked again, or would be, where that is known. */
  readonly retryAfterMs?: number | undefined;
  /** Status of the answer, where there was one that was not 200. */
  readonly httpStatus?: number | undefined;
  readonly unsent?: Unsent | undefined;
}

/** The embedding provider could not turn a text into a vector. */
export class EmbedderError extends ExpectedError {
  override readonly name = 'EmbedderError';
  override readonly code: EmbedderErrorCode;
  readonly fault: EmbedderFault;
  readonly retryAfterMs: number | undefined;
  readonly httpStatus: number | undefined;
  /** Undefined where something was sent. */
  readonly unsent: Unsent | undefined;

  constructor(code: EmbedderErrorCode, message: string, options: EmbedderErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.fault = options.fault ?? (code === 'EMBEDDER_REJECTED' ? 'item' : 'passing');
    this.retryAfterMs = options.retryAfterMs;
    this.httpStatus = options.httpStatus;
    this.unsent = options.unsent;
  }
}

/** The same failure, with a time before which asking again is of no use; the later one, where it names one itself. */
export function askedAgainIn(error: EmbedderError, retryAfterMs: number | undefined): EmbedderError {
  if (retryAfterMs === undefined || (error.retryAfterMs ?? 0) >= retryAfterMs) return error;
  const { code, message, fault, httpStatus, unsent, cause } = error;
  return new EmbedderError(code, message, { fault, httpStatus, unsent, cause, retryAfterMs });
}
