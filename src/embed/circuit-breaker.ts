import { askedAgainIn, EmbedderError } from './embedder-error.ts';

export interface CircuitBreaker {
  /**
   * Does the work, unless the provider has just been found to be down.
   * @param isSuspect whether the work itself may be what makes the provider fail: then only its success tells anything of it.
   * @throws {EmbedderError} `EMBEDDER_UNAVAILABLE` at once while the circuit is open; otherwise what the work throws, with the time
   *   until which the circuit is open where it is.
   */
  run<T>(work: () => Promise<T>, isSuspect?: boolean): Promise<T>;
}

export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit (default 5). */
  readonly failures?: number;
  /** How long it stays open (default 5 s), doubled each time that the trial after it fails. */
  readonly pauseMs?: number;
  /** At most this long (default 60 s). */
  readonly longestPauseMs?: number;
  readonly nowMs?: () => number;
  /** Told when it opens, with how long it stays so, and when it closes again (0). */
  readonly onChange?: ((openMs: number) => void) | undefined;
}

/**
 * Keeps calls away from a provider that is down, so that nobody waits for its timeout again and again. After a pause one
 * call may try, and what becomes of it decides for the others. Silence, 5xx and cut connections count as down; a rate limit
 * does not, because the provider answers at once and other calls may be within it.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const { failures = 5, pauseMs = 5_000, longestPauseMs = 60_000, nowMs = () => performance.now(), onChange } = options;
  let inARow = 0;
  let pause = pauseMs;
  /** Undefined while the circuit is closed. */
  let openUntilMs: number | undefined;
  let trying = false;

  function noteAlive(): void {
    inARow = 0;
    pause = pauseMs;
    if (openUntilMs !== undefined) onChange?.(0);
    openUntilMs = undefined;
  }

  function noteDown(onTrial: boolean): void {
    inARow++;
    if (onTrial) pause = Math.min(2 * pause, longestPauseMs);
    // What was under way when the circuit opened tells nothing new.
    if (!onTrial && (openUntilMs !== undefined || inARow < failures)) return;
    openUntilMs = nowMs() + pause;
    onChange?.(pause);
  }

  return {
    async run(work, isSuspect = false) {
      const onTrial = openUntilMs !== undefined;
      if (openUntilMs !== undefined) {
        const leftMs = Math.ceil(openUntilMs - nowMs());
        if (leftMs > 0 || trying) throw isOpen(inARow, Math.max(leftMs, 1_000));
        trying = true;
      }
      try {
        const result = await work();
        noteAlive();
        return result;
      } catch (error) {
        // Anything else, such as a caller who went away, says nothing about the provider.
        if (error instanceof EmbedderError) {
          if (error.fault !== 'passing' || error.httpStatus === 429) noteAlive();
          else if (!isSuspect) noteDown(onTrial);
          // Whoever failed here need not wait longer than everybody else: as long as nobody asks.
          const leftMs = openUntilMs === undefined ? 0 : Math.ceil(openUntilMs - nowMs());
          if (leftMs > 0) throw askedAgainIn(error, leftMs);
        }
        throw error;
      } finally {
        if (onTrial) trying = false;
      }
    },
  };
}

function isOpen(failures: number, retryAfterMs: number): EmbedderError {
  const seconds = Math.ceil(retryAfterMs / 1_000);
  const message = `The embedding provider failed ${failures} times in a row, and is asked again in ${seconds} s at the earliest.`;
  return new EmbedderError('EMBEDDER_UNAVAILABLE', message, { retryAfterMs, unsent: 'circuit' });
}
