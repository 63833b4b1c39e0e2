import { ExpectedError } from '../errors.ts';

export type EmbedderErrorCode = 'EMBEDDER_UNAVAILABLE' | 'EMBEDDER_TIMEOUT' | 'EMBEDDER_REJECTED';

/** The embedding provider could not turn a text into a vector. */
export class EmbedderError extends ExpectedError {
  override readonly name = 'EmbedderError';
  override readonly code: EmbedderErrorCode;

  constructor(code: EmbedderErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
