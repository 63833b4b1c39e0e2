import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Gives requests a time in which to be answered. */
export interface TimeLimit {
  /** Begins a request's time. @returns what is aborted when the client goes away or the time is over. */
  begin(request: Request): AbortSignal;
  /** Ends a request's time without an answer of the engine's, for one that got no further. */
  end(request: Request): void;
  /**
   * Ends a request's time with its answer: a deferred one with its last part. A subscription has none: it lasts until its
   * client leaves, and each of its reads has the database's own limit.
   */
  readonly plugin: Plugin<{ readonly request: Request }>;
}

/**
 * A timer that ends with the answer. `AbortSignal.timeout` would keep all that hangs on a request for as long as the request
 * might have taken.
 */
export function createTimeLimit(timeoutMs: number): TimeLimit {
  const timers = new WeakMap<Request, NodeJS.Timeout>();
  const end = (request: Request) => clearTimeout(timers.get(request));
  return {
    begin(request) {
      const controller = new AbortController();
      const { signal } = request;
      const giveUp = () => controller.abort(new DOMException('The request took too long.', 'TimeoutError'));
      const leave = () => {
        end(request);
        controller.abort(signal.reason);
      };
      timers.set(request, setTimeout(giveUp, timeoutMs).unref());
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      return controller.signal;
    },
    end,
    plugin: {
      onExecute: ({ args: { contextValue } }) => ({
        onExecuteDone: ({ result }) => {
          if (isAsyncIterable(result)) return { onEnd: () => end(contextValue.request) };
          end(contextValue.request);
          return undefined;
        },
      }),
      onSubscribe: ({ args: { contextValue } }) => end(contextValue.request),
    },
  };
}

/**
 * Waits until the signal is aborted, for what does not end by itself then: it goes on, and nobody waits for it.
 * @throws the signal's reason, or what the work throws.
 */
export function untilAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
