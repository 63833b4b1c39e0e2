import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Gives requests a time in which to be answered. */
export interface TimeLimit {
  /** Begins a request's time. @returns what is aborted when the client goes away or the time is over. */
  begin(request: Request): AbortSignal;
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
